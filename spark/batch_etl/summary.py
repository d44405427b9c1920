"""Stage 7: what a run did, as a row of marts.daily_summary and as text a person reads."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.run import Run, StageResult
from batch_etl.stores.lake import replace_file
from batch_etl.stores.warehouse import fetch_rows

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Summary:
    """Everything that is told about a run; the columns of each part stand in sql/reports/run_<part>.sql."""

    run_key: str
    figures: dict[str, Any]
    stages: Rows
    files: Rows
    reasons: Rows
    checks: Rows
    changes: Rows

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def summarise(run: Run) -> StageResult:
    """Write the run's row of marts.daily_summary and its report; writing them again replaces both."""
    with run.warehouse() as connection:
        summary = read_summary(connection, run.run_key, run.settings.pipeline_home)
        _record(connection, summary)
    report = run.lake.reports / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', run.run_key)}.txt"
    replace_file(report, render_text(summary))
    figures = summary.figures
    return StageResult(figures["source_records"], figures["clean_records"], {"report": str(report)})


def read_summary(connection: Connection, run_key: str, project: Path) -> Summary:
    """Collect what the audit knows about a run, in one snapshot."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        parts: dict[str, list[dict[str, Any]]] = {}
        for part in ("figures", "stages", "files", "reasons", "checks", "changes"):
            statement = (project / f"sql/reports/run_{part}.sql").read_text(encoding="utf-8")
            parts[part] = fetch_rows(cursor, statement, {"run_key": run_key})
    return Summary(run_key, parts.pop("figures")[0], **parts)


def render_text(summary: Summary) -> str:
    """The report: verdict first, then records, files, reasons, checks, changes and stages."""
    figures = summary.figures
    parts = [
        f"Run {summary.run_key}: {_verdict(figures)}",
        (
            f"Records: {figures['source_records']:,} in {figures['source_files']} files = "
            f"{figures['clean_records']:,} clean + {figures['quarantined_records']:,} quarantined + "
            f"{figures['duplicate_records']:,} duplicates; {figures['refused_files']} files refused"
        ),
        f"Warehouse: {figures['sales']:,} sales, {figures['net_usd']:,} USD net",
        _table("Files", summary.files, ("file_name", "state", "records", "reason")),
        _table("Quarantine", summary.reasons, ("dataset", "reason", "records")),
        _table(
            "Failed checks", [c for c in summary.checks if not c["is_passed"]], ("check_name", "severity", "message")
        ),
        _table(
            "Changed", [c for c in summary.changes if _changed(c)], tuple(summary.changes[0]) if summary.changes else ()
        ),
        _table("Stages", summary.stages, ("stage", "state", "attempt", "records_in", "records_out", "seconds")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _verdict(figures: dict[str, Any]) -> str:
    outcome, release = figures["outcome"], figures["release"]
    stays = "there is no release yet" if release is None else f"release {release} stays"
    outcomes = {"published": f"published as release {release}", "unchanged": f"nothing new, {stays}"}
    return outcomes.get(outcome, f"NOT published ({outcome}), {stays}")


def _changed(change: dict[str, Any]) -> bool:
    return any(change[f"rows_{what}"] for what in ("inserted", "updated", "deleted"))


def _table(title: str, rows: Rows, columns: tuple[str, ...]) -> str:
    """Rows as aligned text under a title; nothing where there are no rows."""
    if not rows:
        return ""
    cells = [[_cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in [columns, *cells]
    ]
    return "\n".join([title, *(f"  {line.rstrip()}" for line in lines)])


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


def _record(connection: Connection, summary: Summary) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO marts.daily_summary AS known (
                run_key, summarised_at, release, outcome, source_files, refused_files, source_records,
                clean_records, quarantined_records, duplicate_records, failed_checks, sales, net_usd
            )
            VALUES (
                %(run_key)s, NOW(), %(release)s, %(outcome)s, %(source_files)s, %(refused_files)s, %(source_records)s,
                %(clean_records)s, %(quarantined_records)s, %(duplicate_records)s, %(failed_checks)s,
                %(sales)s, %(net_usd)s
            )
            ON CONFLICT (run_key) DO UPDATE SET
                (summarised_at, release, outcome, source_files, refused_files, source_records,
                 clean_records, quarantined_records, duplicate_records, failed_checks, sales, net_usd)
                = (EXCLUDED.summarised_at, EXCLUDED.release, EXCLUDED.outcome, EXCLUDED.source_files,
                   EXCLUDED.refused_files, EXCLUDED.source_records, EXCLUDED.clean_records,
                   EXCLUDED.quarantined_records, EXCLUDED.duplicate_records, EXCLUDED.failed_checks,
                   EXCLUDED.sales, EXCLUDED.net_usd)
            """,
            {"run_key": summary.run_key, **summary.figures},
        )
