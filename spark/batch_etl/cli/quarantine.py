"""`./etl quarantine …`: list, show, mend and judge again what broke its contract.

What counts is what is published: quarantine.records in the warehouse. The lake's quarantine/ is on its way there.
"""

from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path
from typing import Annotated

import typer

from batch_etl.cli import quarantine_views as views
from batch_etl.cli.output import (
    MOST_ROWS,
    AsJson,
    open_console,
    print_answer,
    print_error,
    print_json,
    print_lines,
    print_table,
)
from batch_etl.errors import ConfigurationError
from batch_etl.quarantine import replay as replaying
from batch_etl.quarantine.desk import Desk, open_desk
from batch_etl.quarantine.export import Export, export_records
from batch_etl.quarantine.selection import Selection
from batch_etl.settings import Settings
from batch_etl.stores.quarantine import count_reasons, count_records, count_rules, read_records
from batch_etl.wording import counted

commands = typer.Typer(help="Look at records that broke their contract, mend them, judge them again.")

Dataset = Annotated[str, typer.Option(help="Only this dataset.")]
Reason = Annotated[str, typer.Option(help='Only records with this in a reason, such as "quantity: below 1".')]
Since = Annotated[str, typer.Option(help="Only files first found since 2026-02-03 or 2026-02-03T04:05:06, in UTC.")]
File = Annotated[str, typer.Option(help='Only files of this name; * stands for anything: "sales_*.csv".')]


def register(app: typer.Typer) -> None:
    for name, command in (("list", list_reasons), ("show", show), ("export", export), ("replay", replay)):
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
        print_json({"records": records, "reasons": reasons})
    else:
        print_table(views.reasons_table(reasons))
        print_lines(counted(records, "record"))


def show(
    *,
    dataset: Dataset = "",
    reason: Reason = "",
    since: Since = "",
    file: File = "",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="At most so many records.")] = 20,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show personal columns too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show published records with their text and every reason; personal columns as ***."""
    with open_desk(Settings(), "quarantine show") as desk:
        selection = _selection(desk, dataset=dataset, reason=reason, since=since, file=file)
        found = list(chain.from_iterable(read_records(desk.connection, selection, limit=limit)))
        records = count_records(desk.connection, selection)
        shown = found if reveal else [desk.masked(record) for record in found]
    if as_json:
        print_json([asdict(record) for record in shown])
    else:
        console = open_console()
        for record in shown:
            views.print_record(console, record)
        print_lines(f"{len(shown):,} of {counted(records, 'record')}")


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
        folder = (out or desk.lake.exports).absolute()
        exports: list[Export] = []
        stays: list[str] = []
        # Closed before the connection, also where a file cannot be written.
        with closing(read_records(desk.connection, selection)) as portions:
            for name, of_dataset in groupby(portions, key=lambda portion: portion[0].dataset):
                if name in desk.contracts:
                    headers, contract = desk.columns(name), desk.contracts[name]
                    exports.append(export_records(of_dataset, contract, headers, folder=folder, stamp=stamp))
                else:
                    records = counted(sum(map(len, of_dataset)), "record", "stays")
                    stays.append(f"{name}: {records}, as no contract describes {name}; see ./etl quarantine show")
    if as_json:
        print_json([asdict(export) for export in exports])
    elif exports or not stays:
        views.print_exports(exports)
    for line in stays:
        print_error(line)


def replay(
    *,
    dataset: Dataset = "",
    reason: Reason = "",
    since: Since = "",
    file: File = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen; needs no Airflow.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until the run has ended and tell what moved.")] = True,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")] = 3600,
    as_json: AsJson = False,
) -> None:
    """Judge quarantined records by today's contracts and publish what changes.

    The filters choose what is reported. What is published is always judged by one contract, all of it.
    """
    with open_desk(Settings(), "quarantine replay") as desk:
        selection = _selection(desk, dataset=dataset, reason=reason, since=since, file=file)
        if dry_run:
            outlook = desk.foresee(selection)
            print_json(outlook.as_json()) if as_json else views.print_outlook(outlook)
        elif wait:
            _replay_and_tell(desk, selection, limit_seconds=timeout, as_json=as_json)
        else:
            run_key = replaying.trigger(selection, datetime.now(UTC))
            print_answer({"run_key": run_key}, [f"triggered {run_key}"], as_json=as_json)


def _replay_and_tell(desk: Desk, selection: Selection, *, limit_seconds: float, as_json: bool) -> None:
    before = _rules(desk, selection)
    run_key = replaying.trigger(selection, datetime.now(UTC))
    if not as_json:
        print_lines(f"triggered {run_key}")
    tell = views.say_nothing if as_json else views.say_stage
    moved = replaying.follow(desk.connection, run_key, limit_seconds=limit_seconds, tell=tell)
    after = _rules(desk, selection)
    reasons = [
        {"dataset": d, "reason": rule, "before": before.get((d, rule), 0), "after": after.get((d, rule), 0)}
        for d, rule in sorted({*before, *after})
    ]
    print_json({**asdict(moved), "reasons": reasons}) if as_json else views.print_moved(moved, reasons)


def _rules(desk: Desk, selection: Selection) -> dict[tuple[str, str], int]:
    return {(row["dataset"], row["reason"]): row["records"] for row in count_rules(desk.connection, selection)}


def _selection(desk: Desk, **given: str) -> Selection:
    selection = Selection.of(given)
    if selection.dataset and selection.dataset not in desk.contracts:
        known = ", ".join(sorted(desk.contracts))
        raise ConfigurationError(f"--dataset: '{selection.dataset}' is unknown; use one of {known}")
    return selection
