"""`./etl releases`: what was published, how releases differ, any table as it was, and the way back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import restore
from batch_etl.cli.output import MOST_ROWS, AsJson, open_for_rows, print_answer
from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import ReleaseUnavailable
from batch_etl.quarantine.desk import read_desk
from batch_etl.settings import Settings
from batch_etl.stores import history, warehouse
from batch_etl.stores.difference import Change, Table, read_table
from batch_etl.stores.masked_columns import masked_columns

Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal columns too.")]


class Format(StrEnum):
    """How rows are written."""

    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="List, compare, read and restore releases.", invoke_without_command=True)
    group.callback()(list_all)
    for command in (diff, read, resume):
        group.command()(command)
    group.command("restore")(put_back)
    app.add_typer(group, name="releases")


def list_all(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List every release, newest first: when, by which run, and what it changed."""
    if context.invoked_subcommand:
        if as_json:
            raise typer.BadParameter("--json stands behind the command, as in ./etl releases diff 1 2 --json")
        return
    with _connected() as connection, connection, connection.cursor() as cursor:
        releases = history.list_releases(cursor)
    lines = [line for release in releases for line in _told(release)]
    print_answer(releases, lines or ["no release yet"], as_json=as_json)


def diff(
    before: int,
    after: int,
    *,
    table: Annotated[str, typer.Option(help="One table, such as core.fct_sale; all where nothing is said.")] = "",
    limit: Annotated[int, typer.Option(min=0, max=MOST_ROWS, help="Rows of each table to show.")] = 20,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Show the rows of every table that differ between two releases; personal columns as ***."""
    with _connected() as connection, _snapshot(connection) as cursor:
        history.require_kept(cursor, before, after)
        names = [_table(cursor, table).name] if table else history.published_tables(cursor)
        found = {name: history.find_differences(cursor, name, before, after, limit=limit) for name in names}
        keys = {name: read_table(cursor, name).key for name in names}
        mask = _as_it_is if reveal else read_desk(connection, Settings()).masked_row
        told: list[dict[str, Any]] = [
            {"table": name, "counts": counts, "rows": [_difference(row, partial(mask, name)) for row in rows]}
            for name, (counts, rows) in found.items()
            if counts
        ]
    lines = [line for entry in told for line in _differences(entry, _shown(entry["rows"], keys[entry["table"]]))]
    same = [f"releases {before} and {after} hold the same rows"]
    print_answer(told, lines or same, as_json=as_json)


def put_back(
    release: int,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many rows would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put an earlier release back, in one transaction and as a new release; runs leave it until something new comes."""
    settings = Settings()
    with _connected() as connection:
        if dry_run:
            _preview(connection, release, as_json=as_json)
            return
        run_key = restore.run_key_of_restore(release, datetime.now(UTC))
        done = restore.restore(connection, release, run_key=run_key, limits=settings.config.releases)
    told = {
        "release": done.release,
        "restored_from": release,
        "changes": {change.table: _as_counts(change) for change in done.changes},
    }
    lines = [
        f"release {done.release} puts release {release} back",
        *(f"  {change}" for change in done.changes if change.rows),
        "Runs leave it alone until there are new files, contracts or code; ./etl releases resume ends that.",
    ]
    print_answer(told, lines, as_json=as_json)


def resume(*, as_json: AsJson = False) -> None:
    """After a restore: let the next run publish again what its files and contracts say."""
    with _connected() as connection:
        release = restore.resume(connection)
    text = f"release {release} is no longer kept against runs; trigger data_pipeline_etl to publish what they compute"
    print_answer({"release": release, "is_pinned": False}, [text], as_json=as_json)


def read(
    table: str,
    *,
    release: Annotated[int | None, typer.Option(help="The newest where nothing is said.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write the rows.")] = Format.CSV,
    reveal: Reveal = False,
) -> None:
    """Write a table as it was in a release to the standard output; personal columns as ***."""
    with open_for_rows() as out, _connected() as connection:
        with _snapshot(connection) as cursor:
            wanted = history.newest_release(cursor) if release is None else release
            history.require_kept(cursor, wanted)
            found = _table(cursor, table)
            columns = history.ALL_COLUMNS if reveal else _visible_columns(found)
            if form == Format.CSV:
                history.copy_as_csv(cursor, found, wanted, out, columns=columns)
                return
        with connection, connection.cursor("rows") as cursor:
            separator = "["
            for row in history.read_as_json(cursor, found, wanted, columns=columns):
                out.write(f"{separator}\n{row}")
                separator = ","
            out.write("\n]\n" if separator == "," else "[]\n")


def _visible_columns(table: Table) -> sql.Composable:
    masked = masked_columns(table, read_contracts(Settings().folder("contracts")))
    if masked is None:
        return history.ALL_COLUMNS
    # Beside the rows, which may go into a file.
    typer.echo(f"{table.name}: personal columns are ***; --reveal gives them as they are", err=True)
    return masked


@contextmanager
def _connected() -> Iterator[Connection]:
    dsn = Settings().warehouse_dsn.get_secret_value()
    with warehouse.connect(dsn, application_name="releases") as connection:
        yield connection


@contextmanager
def _snapshot(connection: Connection) -> Iterator[Cursor]:
    """A transaction in which every table is of one moment, whatever is published meanwhile."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield cursor


def _table(cursor: Cursor, name: str) -> Table:
    known = history.published_tables(cursor)
    if name not in known:
        raise ReleaseUnavailable(f"{name}: no release has such a table; there are {', '.join(known) or 'none yet'}")
    return read_table(cursor, name)


def _preview(connection: Connection, release: int, *, as_json: bool) -> None:
    with _snapshot(connection) as cursor:
        told = restore.foresee(cursor, release)
    lines = [f"restoring release {release} would change, and nothing was changed:"]
    lines += [line for entry in told for line in _differences(entry, [])]
    same = [f"release {release} holds the same rows as what readers see"]
    print_answer(told, lines if told else same, as_json=as_json)


def _told(release: dict[str, Any]) -> list[str]:
    notes = [f"restored from {release['restored_from']}"] if release["restored_from"] else []
    notes += ["runs leave it alone"] if release["is_pinned"] else []
    notes += [] if release["is_kept"] else ["no longer kept"]
    head = f"{release['release']:>5}  {release['published_at']:%Y-%m-%d %H:%M:%S%z}  {release['run_key']}"
    changes = [
        f"{table}: +{c['inserted']} ~{c['updated']} -{c['deleted']}"
        + "".join(f", {column} {Decimal(str(value)):+,.2f}" for column, value in sorted(c["sums"].items()))
        for table, c in sorted(release["changes"].items())
        if c["inserted"] or c["updated"] or c["deleted"]
    ]
    return [f"{head}{''.join(f'  ({note})' for note in notes)}", *(f"       {line}" for line in changes)]


def _differences(entry: dict[str, Any], rows: list[str]) -> list[str]:
    counts = entry["counts"]
    total = sum(counts.values())
    figures = " ".join(
        f"{sign}{counts.get(kind, 0)}" for sign, kind in (("+", "insert"), ("~", "update"), ("-", "delete"))
    )
    more = [f"  … and {total - len(rows)} more; --limit shows them"] if rows and len(rows) < total else []
    return [f"{entry['table']}: {figures}", *(f"  {row}" for row in rows), *more]


def _as_it_is(_: str, row: dict[str, Any]) -> dict[str, Any]:
    return row


def _difference(row: dict[str, Any], mask: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """A difference as people may see it, and the columns that changed: two masked values look the same."""
    before, after = row["before"], row["after"]
    changed = [name for name in before if before[name] != after[name]] if before and after else []
    return {**row, "before": before and mask(before), "after": after and mask(after), "changed": changed}


def _shown(rows: list[dict[str, Any]], key: Sequence[str]) -> list[str]:
    """One line a row: a new or deleted row whole, of a changed one its key and what differs."""
    shown = []
    for row in rows:
        before, after = row["before"] or {}, row["after"] or {}
        if row["change"] == "update":
            which = ", ".join(f"{name}: {before[name]}" for name in key)
            changed = ", ".join(f"{c}: {before[c]} -> {after[c]}" for c in row["changed"])
            shown.append(f"~ {which}: {changed}")
        else:
            cells = ", ".join(f"{column}: {value}" for column, value in {**before, **after}.items())
            shown.append(f"{'+' if row['change'] == 'insert' else '-'} {cells}")
    return shown


def _as_counts(change: Change) -> dict[str, int]:
    return {"inserted": change.inserted, "updated": change.updated, "deleted": change.deleted}
