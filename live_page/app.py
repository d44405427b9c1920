"""The page's application. Whoever may not read the DAG of the pipeline gets none of it."""

from collections.abc import Awaitable, Callable
from functools import cache

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from psycopg2.errors import QueryCanceled

from batch_etl import errors
from live_page import access, assets, incidents, quality, quarantine, releases, runs
from live_page.pages import render

_STATUS = {
    errors.ConfigurationError: 400,
    errors.IncidentUnavailable: 404,
    errors.ReleaseUnavailable: 409,
    errors.WarehouseUnavailable: 503,
}
_IN_WORDS = {
    "Not authenticated": "Log in to Airflow first.",
    "Forbidden": "You may not do this: whoever administers Airflow can give you the right to read or trigger the DAG.",
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; "
    "img-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


@cache
def application() -> FastAPI:
    # Each route needs may_read, also one that forgets to say so.
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(access.may_read)])
    for part in (runs, quality, quarantine, releases, incidents, assets):
        app.include_router(part.router)
    app.middleware("http")(_guard)
    app.exception_handler(errors.EtlError)(_tell_error)
    app.exception_handler(QueryCanceled)(_tell_timeout)
    app.exception_handler(HTTPException)(_tell_refusal)
    return app


async def _guard(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await answer(request)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _tell_error(request: Request, error: Exception) -> Response:
    status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 500)
    return _told(request, status, str(error))


def _tell_timeout(request: Request, error: Exception) -> Response:  # noqa: ARG001
    return _told(request, 503, "the warehouse took too long for a page; ./etl has no such limit")


def _tell_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    return _told(request, error.status_code, _IN_WORDS.get(error.detail, str(error.detail)))


def _told(request: Request, status: int, what: str) -> Response:
    if "text/html" in request.headers.get("Accept", ""):
        return render(request, "error", status=status, what=what)
    return JSONResponse({"detail": what}, status)
