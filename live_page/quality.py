"""The quality trend: records of the last runs, and how their checks came out."""

from functools import lru_cache
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup

from live_page import reading
from live_page.pages import render

router = APIRouter()
RUNS = 30


@router.get("/quality")
def show_quality(request: Request) -> Response:
    with reading.snapshot() as cursor:
        runs = reading.fetch(cursor, "page/trend", how_many=RUNS)
        checks = reading.fetch(cursor, "page/checks", how_many=RUNS)
    plot = _plot(tuple(tuple(run.items()) for run in runs)) if runs else None
    failed = [check for check in checks if check["failed"]]
    passed = [check for check in checks if not check["failed"]]
    return render(request, "quality", here="quality", runs=runs, plot=plot, failed=failed, passed=passed)


@lru_cache(maxsize=4)
def _plot(runs: tuple[tuple[tuple[str, Any], ...], ...]) -> Markup:
    """Drawn once for each run that ends, not for each reader."""
    # matplotlib takes half a second to load: only for those who look at plots.
    from batch_etl.report.plots import plot_runs  # noqa: PLC0415

    return plot_runs([dict(run) for run in runs], title="Records of the last runs")
