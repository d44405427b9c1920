"""How the quarantine looks on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_etl.cli.output import add_row, make_table, print_lines, print_table, printable
from batch_etl.quarantine.export import Export
from batch_etl.quarantine.outlook import Outlook
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.quarantine.replay import Moved
from batch_etl.wording import counted


def as_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> Table:
    """Numbers with thousands, moments to the minute."""
    headings = {column: column.removesuffix("_at").replace("_", " ") for column in columns}
    moments = [headings[column] for column in columns if column.endswith("_at")]
    numbers = [headings[column] for column in columns if rows and isinstance(rows[0][column], int)]
    table = make_table(list(headings.values()), names=("dataset", "file"), numbers=numbers, moments=moments)
    for row in rows:
        add_row(table, [_cell(row[column]) for column in columns])
    return table


def reasons_table(reasons: Sequence[Mapping[str, Any]]) -> Table:
    return as_table(reasons, ("dataset", "file", "reason", "records", "first_seen_at", "last_seen_at"))


def print_record(console: Console, record: QuarantinedRecord) -> None:
    place = f"{record.dataset}  {record.source_file}  record {record.record_number}"
    seen = f"  first seen {_cell(record.first_seen_at)}" if record.first_seen_at else ""
    console.print(Text(printable(place) + seen, style="bold"))
    for reason in record.reasons:
        console.print(Text(f"  {printable(reason)}", style="red"))
    console.print(Text(f"  {printable(record.raw)}\n"), soft_wrap=True)


def print_exports(exports: Sequence[Export]) -> None:
    for export in exports:
        if export.mendable:
            print_lines(f"{export.dataset}: {counted(export.mendable_records, 'record')} to mend: {export.mendable}")
            print_lines(f"{export.dataset}: put the mended file into data/raw under a name like {export.file_pattern}")
        if export.other_records:
            others = counted(export.other_records, "record")
            print_lines(f"{export.dataset}: {others} without columns, only told beside")
        print_lines(f"{export.dataset}: reasons of each: {export.reasons}")
    print_lines("then run ./start.sh --size all" if exports else "no such record is in quarantine")


def print_outlook(outlook: Outlook) -> None:
    _print_moving(
        outlook.by_reason(), ("records", "would_stay"), ("dataset", "reason", "records", "would_pass", "would_stay")
    )
    print_lines(
        f"{counted(outlook.looked_at, 'record')}: {outlook.would_pass:,} would pass, "
        f"{outlook.would_change:,} would stay with other reasons"
    )
    if outlook.not_here:
        why = "their file is to be read anew, or it or its contract is not here"
        print_lines(f"{outlook.not_here:,} of them only a run can judge: {why}")
    if outlook.changes_nothing:
        # Of a stricter contract that is only half: what it lets pass no more was published.
        print_lines("a replay would change nothing of them; published rows that break the contracts: ./etl check")


def print_moved(moved: Moved, rules: Sequence[Mapping[str, Any]]) -> None:
    _print_moving(rules, ("before", "after"), ("dataset", "reason", "before", "after"))
    if moved.release is None:
        print_lines(f"run {moved.run_key}: nothing changed")
        return
    print_lines(
        f"run {moved.run_key}: published as release {moved.release}: {moved.left:,} records left the quarantine, "
        f"{moved.other_reasons:,} have other reasons, {moved.came:,} came"
    )


def _print_moving(reasons: Sequence[Mapping[str, Any]], compared: tuple[str, str], columns: Sequence[str]) -> None:
    """The reasons whose two figures differ, and how many others there are."""
    before, after = compared
    moving = [row for row in reasons if row[before] != row[after]]
    if moving:
        print_table(as_table(moving, columns))
    if others := len(reasons) - len(moving):
        print_lines(f"{counted(others, 'other reason' if moving else 'reason', 'keeps')} as many records")


def say_stage(stage: str, state: str) -> None:
    print_lines(f"  {stage:<22} {state}")


def say_nothing(stage: str, state: str) -> None:
    """For those who read JSON."""


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if hasattr(value, "isoformat"):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:,}" if isinstance(value, int) else str(value)
