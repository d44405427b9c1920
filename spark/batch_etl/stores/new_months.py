"""Months that are new to a table become partitions of it.

Attached, not created in place: CREATE TABLE … PARTITION OF locks out every reader of the table.

A partition is seen by every statement that begins after it was attached, also by one of an old snapshot; and a session
may hear of it a moment after it sees the release that attached it. So a partition is attached empty, by a transaction
of its own, and the publish writes the staged rows into it: they carry its number, and whoever does not see the release
does not see them. Many rows are spared that where nobody is reading: their tables in staging become the partitions.
"""

import time
from collections.abc import Iterable, Sequence
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import LoadFailed
from batch_etl.stores.difference import Change, Table, columns_named
from batch_etl.stores.loads import Load, StagedPart, bounds
from batch_etl.stores.part_copy import BOUNDS
from batch_etl.stores.warehouse import fetch_rows, fetch_value

# Fewer rows are written again within a few seconds.
WORTH_ADOPTING_ROWS = 100_000


class ReadersPresent(Exception):
    """Somebody reads by a snapshot that knows nothing of this transaction."""


def standing_months(cursor: Cursor, table: Table) -> list[str]:
    """The months for which a table has a partition, as 2025-03."""
    rows = fetch_rows(
        cursor,
        r"""
        SELECT REPLACE(SUBSTRING(relname FROM '_(\d{4}_\d\d)$'), '_', '-') AS month
        FROM pg_inherits INNER JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = %s::regclass
        ORDER BY month
        """,
        (table.name,),
    )
    return [row["month"] for row in rows]


def new_parts(cursor: Cursor, table: Table, load: Load, release: int | None = None) -> list[StagedPart]:
    """The staged months that have to be filled: no release has had them, or the last one holds them and no row is left.

    release  the one that is being published; None before it has its number

    What somebody has dropped comes back as releases left it: history tells what each of them changed in it.
    """
    if table.month_column is None:
        return []
    standing, had, held = standing_months(cursor, table), *_months_of_releases(cursor, table, release)
    return [
        part
        for part in load.staged(table.name)
        if not (part.month in standing and _has_rows(cursor, table, part.month))
        # A release has emptied what the last one does not hold: that its rows come again is told one by one.
        and (part.month not in had or part.month in held)
        # Nobody knows any more what it would come on top of.
        and not part.on_top_of
    ]


def is_worth_adopting(cursor: Cursor, tables: Iterable[Table], load: Load) -> bool:
    return sum(part.rows for table in tables for part in new_parts(cursor, table, load)) >= WORTH_ADOPTING_ROWS


def make_partitions(cursor: Cursor, table: Table, load: Load, *, adopts: bool) -> None:
    """Attach an empty partition for each staged month that has none. To be committed before the publish begins.

    adopts  leave out those that their tables in staging become
    """
    if table.month_column is None:
        return
    standing = standing_months(cursor, table)
    adopted = [part.month for part in new_parts(cursor, table, load)] if adopts else []
    for part in load.staged(table.name):
        if part.month in standing or part.on_top_of:
            continue
        _refuse_detached(cursor, table, part.month)
        if part.month not in adopted:
            partition = _partition(table, part.month)
            like = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING CONSTRAINTS)")
            cursor.execute(like.format(partition, table.identifier))
            _attach(cursor, table, part.month)


def fill_months(
    cursor: Cursor, table: Table, parts: Sequence[StagedPart], staging: sql.Identifier, release: int, *, adopts: bool
) -> Change:
    """Bring these parts into their new months; they leave the staging table.

    adopts  where a month has no partition, its table in staging becomes it; require_quiet has to be the last thing that
            the transaction does
    """
    standing = standing_months(cursor, table) if parts else []
    for part in parts:
        cursor.execute(sql.SQL("ALTER TABLE {} NO INHERIT {}").format(part.identifier, staging))
        if adopts and part.month not in standing:
            _adopt(cursor, table, part)
        else:
            _write_again(cursor, table, part)
        first, _ = bounds(part.month)
        # One that came back came with its first release.
        came = "INSERT INTO history.new_parts VALUES (%s, %s, %s) ON CONFLICT (table_name, month) DO NOTHING"
        cursor.execute(came, (release, table.name, first))
    sums = {column: sum((Decimal(part.sums[column]) for part in parts), Decimal(0)) for column in table.money}
    rows = sum(part.rows for part in parts)
    return Change(table.name, rows, 0, 0, {column: value for column, value in sums.items() if value})


def require_quiet(cursor: Cursor, *, within_seconds: float = 0) -> None:
    """Raise ReadersPresent where somebody holds a snapshot that is older than what this transaction does."""
    end = time.monotonic() + within_seconds
    # A transaction goes on seeing the sessions as it saw them first.
    while _holds_snapshots(cursor):
        if time.monotonic() >= end:
            raise ReadersPresent
        time.sleep(0.1)


def _holds_snapshots(cursor: Cursor) -> bool:
    cursor.execute("SELECT pg_stat_clear_snapshot()")
    held = """
        SELECT EXISTS (
            SELECT FROM pg_stat_activity
            WHERE datname = CURRENT_DATABASE()
                AND backend_type = 'client backend'
                AND backend_xmin IS NOT NULL
                AND pid <> PG_BACKEND_PID()
        )
        """
    return bool(fetch_value(cursor, held))


def _months_of_releases(cursor: Cursor, table: Table, before: int | None) -> tuple[set[str], set[str]]:
    """The months that came whole with any release, and those that the last one before this number holds."""
    had = "SELECT TO_CHAR(month, 'YYYY-MM') AS month FROM history.new_parts WHERE table_name = %(table)s"
    held = """
        SELECT month FROM audit.release_parts
        WHERE table_name = %(table)s AND release = (
            SELECT MAX(release) FROM audit.releases WHERE %(before)s::bigint IS NULL OR release < %(before)s
        )
        """
    asked = {"table": table.name, "before": before}
    some, last = ({row["month"] for row in fetch_rows(cursor, query, asked)} for query in (had, held))
    return some, last


def _has_rows(cursor: Cursor, table: Table, month: str) -> bool:
    return bool(fetch_value(cursor, sql.SQL("SELECT EXISTS (SELECT FROM {})").format(_partition(table, month))))


def _refuse_detached(cursor: Cursor, table: Table, month: str) -> None:
    name = ".".join(_partition(table, month).strings)
    if fetch_value(cursor, "SELECT TO_REGCLASS(%s)", (name,)):
        raise LoadFailed(
            f"warehouse: {name} stands where a partition of {table.name} has to be made, and is none; attach it again, "
            f"or drop it, for its rows were loaded anew; then clear publish"
        )


def _adopt(cursor: Cursor, table: Table, part: StagedPart) -> None:
    """Make the table of staging the partition: no row is written."""
    partition = _partition(table, part.month)
    schema, name = partition.strings
    cursor.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(part.identifier, sql.Identifier(schema)))
    moved = sql.Identifier(schema, part.name)
    cursor.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(moved, sql.Identifier(name)))
    rename = sql.SQL("ALTER TABLE {} RENAME CONSTRAINT {} TO {}")
    keys = (sql.Identifier(f"{part.name}_pkey"), sql.Identifier(f"{name}_pkey"))
    cursor.execute(rename.format(partition, *keys))
    _attach(cursor, table, part.month)
    cursor.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(partition, sql.Identifier(BOUNDS)))


def _attach(cursor: Cursor, table: Table, month: str) -> None:
    attach = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    limits = map(sql.Literal, bounds(month))
    partition = _partition(table, month)
    cursor.execute(attach.format(table.identifier, partition, *limits))
    cursor.execute("SELECT audit.watch(%s::regclass)", (partition.as_string(cursor),))


def _write_again(cursor: Cursor, table: Table, part: StagedPart) -> None:
    copy = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
    columns = columns_named(table.columns)
    cursor.execute(copy.format(_partition(table, part.month), columns, columns, part.identifier))


def _partition(table: Table, month: str) -> sql.Identifier:
    schema, _, name = table.name.partition(".")
    return sql.Identifier(schema, f"{name}_{month.replace('-', '_')}")
