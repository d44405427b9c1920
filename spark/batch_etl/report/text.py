"""The summary as text, for a terminal and the log of a task, and as JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from batch_etl.errors import QualityStopped, kind_of
from batch_etl.report.cells import cell, first_rows
from batch_etl.report.verdict import is_overtaken, verdict
from batch_etl.summary import Rows, Summary
from batch_etl.wording import counted

_FILE_COLUMNS = (
    *("file_name", "state", "records", "clean_records", "quarantined_records", "duplicate_records"),
    "reason",
)
_MOST_REASONS = 10
_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")


def render_text(summary: Summary) -> str:
    """Verdict first and what failed, then records, files, reasons, changes and stages."""
    figures = summary.figures
    failed = [check for check in summary.checks if not check["is_passed"]]
    at_release = f" at release {figures['release']}" if is_overtaken(figures) else ""
    parts = [
        f"Run {cell(summary.run_key)}: {verdict(figures)}",
        _table("Failed stages", failed_stages(summary), ("stage", "error")),
        *(f"{stage['stage']} has not ended: it still runs, or was killed" for stage in unfinished_stages(summary)),
        _table("Failed checks", failed, ("check_name", "severity", "message")),
        _offending_rows(failed),
        _records(figures),
        f"Warehouse{at_release}: {figures['sales']:,} sales, {figures['net_usd']:,} USD net",
        _table("Files", summary.files, _FILE_COLUMNS),
        _quarantine(summary),
        _table("Changed", summary.changes, ("table_name", "rows_inserted", "rows_updated", "rows_deleted")),
        _table("Stages", summary.stages, ("stage", "state", "attempt", "records_in", "records_out", "seconds")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def render_json(summary: Summary) -> str:
    """The same for programs. What is not printable is escaped: people look at it in a terminal."""
    text = json.dumps(summary.as_json(), default=str, ensure_ascii=False, indent=1)
    return _NOT_ASCII.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def failed_stages(summary: Summary) -> Rows:
    """The stages whose last try failed; a stop by the checks is told by the checks."""
    failed = [stage for stage in summary.stages if stage["state"] == "failed"]
    return [stage for stage in failed if kind_of(str(stage["error"] or "")) is not QualityStopped]


def unfinished_stages(summary: Summary) -> Rows:
    return [stage for stage in summary.stages if stage["state"] == "running"]


def _records(figures: Mapping[str, Any]) -> str:
    """The sum that adds up: what was read, or judged again, and what became of it."""
    files, again = figures["source_files"], figures["judged_again_records"]
    if not files and not again:
        return "Records: no file was read"
    known = f" ({figures['seen_files']:,} read before)" if figures["seen_files"] else ""
    read = f"{figures['source_records'] - again:,} in {counted(files, 'file')}{known}" if files else ""
    judged = f"{again:,} in {counted(figures['judged_again_files'], 'earlier file')}, judged again" if again else ""
    refused = f"{counted(figures['refused_files'], 'file')} refused" if files else "no file was read"
    unjudged = f" + {figures['unjudged_records']:,} not judged yet" if figures["unjudged_records"] else ""
    return (
        f"Records: {' + '.join(filter(None, (read, judged)))} = "
        f"{figures['clean_records']:,} clean + {figures['quarantined_records']:,} quarantined + "
        f"{counted(figures['duplicate_records'], 'duplicate')}{unjudged}; {refused}"
    )


def _offending_rows(failed: Rows) -> str:
    """The first that each check found."""
    lines: list[str] = []
    for check in failed:
        rows = first_rows(check["offenders"])
        lines += [f"  {cell(check['check_name'])}", *rows] if rows else []
    return "\n".join(["Offending rows", *lines]) if lines else ""


def _quarantine(summary: Summary) -> str:
    """The most frequent reasons."""
    told = [_table("Quarantine", summary.reasons[:_MOST_REASONS], ("dataset", "reason", "records"))]
    more = len(summary.reasons) - _MOST_REASONS
    if more > 0:
        told.append(f"  … and {counted(more, 'more reason')}: ./etl quarantine list, or the report of the run")
    if sum(reason["records"] for reason in summary.reasons) > summary.figures["quarantined_records"]:
        told.append("  (a record with two reasons counts for both)")
    return "\n".join(told)


def _table(title: str, rows: Rows, columns: Sequence[str]) -> str:
    """Rows as aligned text under a title; nothing where there are no rows."""
    if not rows:
        return ""
    cells = [[cell(row[column]) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in [columns, *cells]
    ]
    return "\n".join([title, *(f"  {line.rstrip()}" for line in lines)])
