"""Stage 7: the row of marts.daily_summary, the report in every form, and the index of all reports."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.report.html import render_html, render_index
from batch_etl.report.text import render_json, render_text
from batch_etl.run import Run, StageResult
from batch_etl.stores.lake import replace_file
from batch_etl.stores.warehouse import fetch_rows
from batch_etl.summary import Rows, read_summary, record_summary

_LONGEST_NAME = 200
_OF_AIRFLOW = re.compile(r"[a-z_]+__[\d-]+T[\d:.]+\+00:00", re.ASCII)


def summarise(run: Run, *, triggered_by: str | None = None) -> StageResult:
    """Write the run's row of marts.daily_summary and its report; writing them again replaces both.

    triggered_by  who or what started the run; None leaves what is known
    """
    folder = run.lake.reports
    with run.warehouse() as connection:
        told = read_summary(connection, run.run_key, run.settings)
        # Whoever reads the report knows that it was written.
        summary = replace(told, stages=[stage for stage in told.stages if stage["stage"] != run.stage])
        summary.figures["triggered_by"] = triggered_by or summary.figures["triggered_by"]
        record_summary(connection, summary)
        runs = _all_runs(connection, run.settings.pipeline_home)
    name = _file_name(run.run_key)
    replace_file(folder / f"{name}.txt", render_text(summary))
    replace_file(folder / f"{name}.json", render_json(summary))
    replace_file(folder / f"{name}.html", render_html(summary))
    pages = {row["run_key"]: f"{_file_name(row['run_key'])}.html" for row in runs}
    there = {run_key: page for run_key, page in pages.items() if (folder / page).exists()}
    replace_file(folder / "index.html", render_index(runs, there))
    figures = summary.figures
    return StageResult(figures["source_records"], figures["clean_records"], {"report": str(folder / f"{name}.html")})


def _all_runs(connection: Connection, project: Path) -> Rows:
    with connection, connection.cursor() as cursor:
        return fetch_rows(cursor, (project / "sql/reports/runs.sql").read_text(encoding="utf-8"))


def _file_name(run_key: str) -> str:
    """Of its own for every run, also where two keys differ in characters that a file's name had better not have."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", run_key)
    is_plain = name == run_key and len(name) <= _LONGEST_NAME and name != "index"
    if is_plain or _OF_AIRFLOW.fullmatch(run_key):
        return name
    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(run_key.encode(errors='surrogatepass')).hexdigest()[:8]}"
