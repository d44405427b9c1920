"""Turns what was read into a page; its look is the report's."""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment
from markupsafe import Markup

from batch_etl.report.templates import make_environment

_FOLDER = Path(__file__).parent
TEMPLATES = _FOLDER / "templates"
_PREFIX = "/data-pipeline"


def render(request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """A page under a template's name; base and airflow are where its links begin."""
    base = request.scope.get("root_path", "")
    found = environment().get_template(f"{template}.html.j2")
    return HTMLResponse(found.render(base=base, airflow=base.removesuffix(_PREFIX), **values), status)


@cache
def environment() -> Environment:
    made = make_environment(TEMPLATES)
    made.filters["moment"] = moment
    made.filters["decimal"] = Decimal
    made.filters["duration"] = duration
    return made


def moment(at: datetime | None) -> Markup | str:
    """To the second, in UTC; a script may say it in the reader's words."""
    if at is None:
        return "-"
    utc = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time>').format(f"{utc:%Y-%m-%dT%H:%M:%SZ}", f"{utc:%Y-%m-%d %H:%M:%S}")


def duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:,} min {rest} s" if minutes else f"{seconds:.1f} s"
