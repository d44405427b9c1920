"""`python -m batch_etl quarantine …`: list, show, and export what broke its contract, to be mended.

What counts is what is published: quarantine.records in the warehouse. The lake's quarantine/ is on its way there.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from batch_etl.cli import quarantine_views as views
from batch_etl.errors import ConfigurationError
from batch_etl.quarantine.desk import Desk, open_desk
from batch_etl.quarantine.export import Export, export_records
from batch_etl.quarantine.masking import masked
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.quarantine.selection import Selection
from batch_etl.settings import Settings
from batch_etl.stores.quarantine import count_reasons, count_records, read_records

commands = typer.Typer(help="Look at records that broke their contract, mend them, judge them again.")

Dataset = Annotated[str, typer.Option(help="Only this dataset.")]
Reason = Annotated[str, typer.Option(help='Only records with this in a reason, such as "quantity: below 1".')]
Since = Annotated[str, typer.Option(help="Only files first found since 2026-02-03 or 2026-02-03T04:05:06, in UTC.")]
File = Annotated[str, typer.Option(help='Only files of this name; * stands for anything: "sales_*.csv".')]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    for name, command in (("list", list_reasons), ("show", show), ("export", export)):
        commands.command(name)(command)
    app.add_typer(commands, name="quarantine", no_args_is_help=True)


def list_reasons(
    *, dataset: Dataset = "", reason: Reason = "", since: Since = "", file: File = "", as_json: AsJson = False
) -> None:
    """Count the published quarantine by dataset, file and reason; a record with two reasons counts for both."""
    with open_desk(Settings(), "quarantine list") as desk:
        selection = _selection(desk, dataset=dataset, reason=reason, since=since, file=file)
        reasons, records = count_reasons(desk.connection, selection), count_records(desk.connection, selection)
    if as_json:
        _print_json({"records": records, "reasons": reasons})
    else:
        Console().print(views.reasons_table(reasons))
        typer.echo(f"{records:,} records")


def show(
    *,
    dataset: Dataset = "",
    reason: Reason = "",
    since: Since = "",
    file: File = "",
    limit: Annotated[int, typer.Option(min=1, help="At most so many records.")] = 20,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal columns too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show published records with their text and every reason; personal columns as ***."""
    with open_desk(Settings(), "quarantine show") as desk:
        selection = _selection(desk, dataset=dataset, reason=reason, since=since, file=file)
        found = list(chain.from_iterable(read_records(desk.connection, selection, limit=limit)))
        records = count_records(desk.connection, selection)
        shown = found if reveal else [_masked(desk, record) for record in found]
    if as_json:
        _print_json([asdict(record) for record in shown])
    else:
        for record in shown:
            views.print_record(Console(), record)
        typer.echo(f"{len(shown):,} of {records:,} records")


def export(
    *,
    dataset: Dataset = "",
    reason: Reason = "",
    since: Since = "",
    file: File = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the files; data/processed/exports if not said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write published records to files that can be mended by hand and put into data/raw, personal data included."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
    with open_desk(Settings(), "quarantine export") as desk:
        selection = _selection(desk, dataset=dataset, reason=reason, since=since, file=file)
        portions = read_records(desk.connection, selection)
        exports: list[Export] = []
        for name, of_dataset in groupby(portions, key=lambda portion: portion[0].dataset):
            if name in desk.contracts:
                headers, folder = desk.headers(name), out or desk.lake.exports
                exports.append(
                    export_records(of_dataset, desk.contracts[name], headers, folder=folder.absolute(), stamp=stamp)
                )
    if as_json:
        _print_json([asdict(export) for export in exports])
    else:
        views.print_exports(exports)


def _selection(desk: Desk, **given: str) -> Selection:
    selection = Selection.of(given)
    if selection.dataset and selection.dataset not in desk.contracts:
        known = ", ".join(sorted(desk.contracts))
        raise ConfigurationError(f"--dataset: '{selection.dataset}' is unknown; use one of {known}")
    return selection


def _masked(desk: Desk, record: QuarantinedRecord) -> QuarantinedRecord:
    contract = desk.contracts.get(record.dataset)
    return masked(record, contract, desk.headers(record.dataset).get(record.batch_id))


def _print_json(told: object) -> None:
    typer.echo(json.dumps(told, default=str, ensure_ascii=False))
