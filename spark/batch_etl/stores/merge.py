"""Bring a published table to new content inside the publish's transaction, and keep what it was before.

What changes is written into the table's history first: the difference is found once, and says what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.difference import Table, columns_named, same_key, select_differences
from batch_etl.stores.warehouse import fetch_rows, fetch_value

# A table that was just filled has no statistics: the planner would look up a million rows one by one.
_WORTH_ANALYSING = 10_000


@dataclass(frozen=True)
class Change:
    """What a release did to a table, in rows, and in the sums of its columns in US dollars."""

    table: str
    inserted: int
    updated: int
    deleted: int
    sums: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted

    def __str__(self) -> str:
        return f"{self.table}: +{self.inserted} ~{self.updated} -{self.deleted}"


def merge(cursor: Cursor, table: Table, *, kept: sql.Composable, fresh: sql.Composable, release: int) -> Change:
    """Make the rows `kept` of a table those of `fresh`, touching only the rows that differ."""
    found = _record_differences(cursor, table, kept=kept, fresh=fresh, release=release)
    if not found:
        return Change(table.name, 0, 0, 0)
    if sum(found.values()) > _WORTH_ANALYSING:
        cursor.execute(sql.SQL("ANALYZE {}").format(table.history))
    names = {"history": table.history, "fresh": fresh, "same_key": same_key(table, "changed", "fresh")}
    changed = sql.SQL(
        "FROM {history} AS changed LEFT JOIN {fresh} AS fresh ON {same_key} WHERE changed._release = {release}"
    ).format(**names, release=sql.Literal(release))
    sums = _sums(cursor, table, changed)
    _apply(cursor, table, changed)
    return Change(table.name, found.get("insert", 0), found.get("update", 0), found.get("delete", 0), sums)


def _record_differences(
    cursor: Cursor, table: Table, *, kept: sql.Composable, fresh: sql.Composable, release: int
) -> dict[str, int]:
    """Write what is about to change into the history; number of rows by kind."""
    before = [
        sql.SQL("COALESCE(kept.{0}, fresh.{0})" if column in table.key else "kept.{0}").format(sql.Identifier(column))
        for column in table.columns
    ]
    statement = sql.SQL("INSERT INTO {history} (_release, _change, {columns}) {differences}").format(
        history=table.history,
        columns=columns_named(table.columns),
        differences=select_differences(table, [sql.Literal(release), *before], kept=kept, fresh=fresh),
    )
    cursor.execute(statement)
    if cursor.rowcount == 0:
        return {}
    count = sql.SQL("SELECT _change, COUNT(*) FROM {} WHERE _release = %s GROUP BY _change").format(table.history)
    cursor.execute(count, (release,))
    return dict(cursor.fetchall())


def _apply(cursor: Cursor, table: Table, changed: sql.Composable) -> None:
    others = [column for column in table.columns if column not in table.key]
    update = sql.SQL("WHEN MATCHED THEN UPDATE SET {}").format(
        sql.SQL(", ").join(sql.SQL("{0} = fresh.{0}").format(sql.Identifier(column)) for column in others)
    )
    statement = sql.SQL(
        """
        MERGE INTO {table} AS kept
        USING (SELECT changed._change, {key}, {others} {changed}) AS fresh
        ON {same_key}
        WHEN MATCHED AND fresh._change = 'delete' THEN DELETE
        {update}
        WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({values})
        """
    ).format(
        table=table.identifier,
        key=columns_named(table.key, "changed"),
        others=columns_named(others, "fresh") if others else sql.SQL("NULL"),
        changed=changed,
        same_key=same_key(table, "kept", "fresh"),
        update=update if others else sql.SQL(""),
        columns=columns_named(table.columns),
        values=columns_named(table.columns, "fresh"),
    )
    cursor.execute(statement)


def _sums(cursor: Cursor, table: Table, changed: sql.Composable) -> dict[str, Decimal]:
    money = [
        sql.SQL("COALESCE(SUM(fresh.{0}), 0) - COALESCE(SUM(changed.{0}), 0) AS {0}").format(sql.Identifier(column))
        for column in table.money
    ]
    return _nonzero(cursor, money, changed)


def _nonzero(cursor: Cursor, expressions: Sequence[sql.Composable], source: sql.Composable) -> dict[str, Decimal]:
    if not expressions:
        return {}
    row = fetch_rows(cursor, sql.SQL("SELECT {} {}").format(sql.SQL(", ").join(expressions), source))[0]
    return {column: value for column, value in row.items() if value}


def publish_table(cursor: Cursor, table: Table, staging: str, release: int) -> Change:
    """Bring a table to the content of its staging table. What is new as a whole comes without a comparison."""
    cursor.execute("SELECT history.follow(%s::regclass)", (table.name,))
    fresh = sql.Identifier("staging", staging)
    if table.month_column:
        added = _add_months(cursor, table, fresh, release)
    else:
        added = _fill_new_table(cursor, table, fresh, release)
    if added is not None and not _has_older_parts(cursor, table, release):
        return added
    old = _old_parts(cursor, table, release)
    only_old = sql.SQL("(SELECT * FROM {} WHERE {})")
    rest = merge(
        cursor,
        table,
        kept=only_old.format(table.identifier, old) if added else table.identifier,
        fresh=only_old.format(fresh, old) if added else fresh,
        release=release,
    )
    return _together(rest, added) if added else rest


def _together(one: Change, other: Change) -> Change:
    sums = {c: one.sums.get(c, Decimal(0)) + other.sums.get(c, Decimal(0)) for c in {**one.sums, **other.sums}}
    return Change(
        one.table,
        one.inserted + other.inserted,
        one.updated + other.updated,
        one.deleted + other.deleted,
        {column: value for column, value in sums.items() if value},
    )


def _has_older_parts(cursor: Cursor, table: Table, release: int) -> bool:
    """Whether a table has rows that did not come whole with this release."""
    if not table.month_column:
        return False
    older = """
        SELECT COUNT(*) > (SELECT COUNT(*) FROM history.new_parts WHERE table_name = %s AND release = %s)
        FROM pg_inherits WHERE inhparent = %s::regclass
        """
    return bool(fetch_value(cursor, older, (table.name, release, table.name)))


def _fill_new_table(cursor: Cursor, table: Table, fresh: sql.Composable, release: int) -> Change | None:
    """Fill a table that no release has had and nobody has written to; None where it is not such a table."""
    is_known = "SELECT EXISTS (SELECT FROM audit.release_changes WHERE table_name = %s)"
    has_rows = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table.identifier)
    if fetch_value(cursor, is_known, (table.name,)) or fetch_value(cursor, has_rows):
        return None
    cursor.execute("INSERT INTO history.new_parts (release, table_name) VALUES (%s, %s)", (release, table.name))
    return _insert(cursor, table, table.identifier, sql.SQL("FROM {}").format(fresh))


def _add_months(cursor: Cursor, table: Table, fresh: sql.Composable, release: int) -> Change | None:
    """Attach a filled partition for each month that is new; None where there is no such month.

    Attached, not created in place: CREATE TABLE … PARTITION OF locks out every reader of the table. Filled before:
    indexes and references are checked once for all rows, not row by row.
    """
    months = _new_months(cursor, table, fresh)
    if not months:
        return None
    # They are filled in one pass, as partitions of a table that nobody sees.
    gathering = sql.Identifier("staging", f"{table.history.strings[1]}_new_months")
    create = sql.SQL("CREATE TABLE {} (LIKE {}) PARTITION BY RANGE ({})")
    cursor.execute(create.format(gathering, table.identifier, sql.Identifier(table.month_column or "")))
    for month in months:
        copy = sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING CONSTRAINTS)")
        cursor.execute(copy.format(_partition(table, month), table.identifier))
        _attach(cursor, gathering, table, month)
        cursor.execute("INSERT INTO history.new_parts VALUES (%s, %s, %s)", (release, table.name, month))
    rows = sql.SQL("FROM {} WHERE NOT ({})").format(fresh, _old_parts(cursor, table, release))
    added = _insert(cursor, table, gathering, rows)
    for month in months:
        cursor.execute(sql.SQL("ALTER TABLE {} DETACH PARTITION {}").format(gathering, _partition(table, month)))
        _attach(cursor, table.identifier, table, month)
    cursor.execute(sql.SQL("DROP TABLE {}").format(gathering))
    return added


def _new_months(cursor: Cursor, table: Table, fresh: sql.Composable) -> list[date]:
    months = sql.SQL("SELECT DISTINCT DATE_TRUNC('month', {})::date AS month FROM {} ORDER BY month")
    cursor.execute(months.format(sql.Identifier(table.month_column or ""), fresh))
    found = [row[0] for row in cursor.fetchall()]
    exists = "SELECT TO_REGCLASS(%s) IS NOT NULL"
    return [month for month in found if not fetch_value(cursor, exists, (_partition(table, month).as_string(cursor),))]


def _partition(table: Table, month: date) -> sql.Identifier:
    schema, _, name = table.name.partition(".")
    return sql.Identifier(schema, f"{name}_{month:%Y_%m}")


def _attach(cursor: Cursor, parent: sql.Composable, table: Table, month: date) -> None:
    following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
    attach = sql.SQL("ALTER TABLE {} ATTACH PARTITION {} FOR VALUES FROM ({}) TO ({})")
    bounds = (sql.Literal(month), sql.Literal(following))
    cursor.execute(attach.format(parent, _partition(table, month), *bounds))


def _old_parts(cursor: Cursor, table: Table, release: int) -> sql.SQL:
    """The condition that holds for rows in the parts that were there before this release."""
    return sql.SQL(fetch_value(cursor, "SELECT history.old_parts(%s::regclass, %s)", (table.name, release - 1)))


def _insert(cursor: Cursor, table: Table, place: sql.Composable, rows: sql.Composable) -> Change:
    columns = columns_named(table.columns)
    cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} {}").format(place, columns, columns, rows))
    inserted = cursor.rowcount
    money = [sql.SQL("COALESCE(SUM({0}), 0) AS {0}").format(sql.Identifier(column)) for column in table.money]
    return Change(table.name, inserted, 0, 0, _nonzero(cursor, money, rows))
