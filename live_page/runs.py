"""What ran: a page of runs, one run by itself, and its report."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response

from batch_etl.report.verdict import mood, verdict
from batch_etl.settings import Settings
from batch_etl.stores import incidents
from batch_etl.stores.lake import Lake
from live_page import reading
from live_page.airflow_runs import AirflowRun, FindRunsDep
from live_page.pages import render

router = APIRouter()
SHOWN = 25
_KINDS = {".html": "text/html", ".json": "application/json", ".txt": "text/plain"}
# The report's own: no script, nothing fetched.
_REPORT_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"}


@router.get("/")
def show_runs(request: Request, find_runs: FindRunsDep, before: datetime | None = None) -> Response:
    """Runs, the newest first; before: those that were not heard of since."""
    with reading.snapshot() as cursor:
        found = reading.fetch(cursor, "page/runs", before=before or "infinity", how_many=SHOWN + 1)
        status = incidents.read_status(cursor)
    known = find_runs([row["run_key"] for row in found])
    shown = [_told(row, known.get(row["run_key"])) for row in found[:SHOWN]]
    waiting = [run for key, run in known.items() if key not in {row["run_key"] for row in found} and run.is_going_on]
    older = shown[-1]["started_at"] if len(found) > SHOWN else None
    return render(
        request,
        "runs",
        status=200,
        here="runs",
        told=status,
        runs=shown,
        waiting=[] if before else waiting,
        older=older,
    )


@router.get("/run")
def show_run(request: Request, find_runs: FindRunsDep, run_key: str) -> Response:
    """How one run came on, and what it changed; also one that has just been triggered."""
    run = find_runs([run_key]).get(run_key)
    with reading.snapshot() as cursor:
        stages = reading.fetch(cursor, "reports/run_stages", run_key=run_key)
        changes = reading.fetch(cursor, "reports/run_changes", run_key=run_key)
        errors = reading.fetch(cursor, "page/run_errors", run_key=run_key)
    if run is None and not stages and not changes:
        raise HTTPException(404, f"there is no run {run_key}")
    return render(
        request, "run", here="runs", run_key=run_key, run=run, stages=stages, changes=changes, errors=errors,
        is_going_on=run is not None and run.is_going_on,
    )  # fmt: skip


@router.get("/reports/{name}")
def show_report(name: str) -> FileResponse:
    """A file of data/processed/reports."""
    settings = Settings()
    file = Lake(settings.folder("processed")).reports / name
    if Path(name).name != name or file.suffix not in _KINDS or not file.is_file():
        raise HTTPException(404, f"there is no report {name}")
    return FileResponse(file, media_type=_KINDS[file.suffix], headers=_REPORT_HEADERS)


def _told(row: Mapping[str, Any], run: AirflowRun | None) -> dict[str, Any]:
    words, feeling = words_about(row, run)
    report = Path(row["report"]).name if row["report"] else None
    return {**row, "dag_id": run.dag_id if run else None, "words": words, "mood": feeling, "report": report}


def words_about(row: Mapping[str, Any], run: AirflowRun | None) -> tuple[str, str]:
    """What to say of a run, and how it feels: good, warn, bad, or none while nobody knows."""
    if run is not None and run.is_going_on:
        return f"{run.state}: {row['last_stage']} {row['last_state']}", "none"
    # Airflow holds it for over; without Airflow the audit is all there is.
    if row["last_state"] == "running":
        return f"{row['last_stage']} has not ended", "none" if run is None else "bad"
    if row["outcome"] is not None:
        return verdict(row), mood(row)
    return f"{row['last_stage']} {row['last_state']}", "bad" if row["last_state"] == "failed" else "none"
