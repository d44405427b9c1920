"""Bring a published table to new content inside the publish's transaction, and keep what it was before.

What changes is written into the table's history first: the difference is found once, and says what to do.
"""

from collections.abc import Sequence
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.difference import Change, Table, columns_named, same_key, select_differences
from batch_etl.stores.loads import Load, in_parts, rows_compared
from batch_etl.stores.new_months import fill_months, new_parts, standing_months
from batch_etl.stores.warehouse import fetch_rows, fetch_value

# A table that was just filled has no statistics: the planner would look up a million rows one by one.
_WORTH_ANALYSING = 10_000
_ANYWHERE = sql.SQL("TRUE")


def merge(
    cursor: Cursor,
    table: Table,
    *,
    kept: sql.Composable,
    fresh: sql.Composable,
    release: int,
    within: sql.Composable = _ANYWHERE,
) -> Change:
    """Make the rows `kept` of a table those of `fresh`, touching only the rows that differ.

    within  holds for all of them as rows of `kept`: by it the planner leaves partitions out
    """
    found = _record_differences(cursor, table, kept=kept, fresh=fresh, release=release)
    if not found:
        return Change(table.name, 0, 0, 0)
    if sum(found.values()) > _WORTH_ANALYSING:
        # Some hundred rows tell how many are of this release.
        cursor.execute("SET LOCAL default_statistics_target = 10")
        asked = columns_named(("_release", *table.key))
        cursor.execute(sql.SQL("ANALYZE {} ({})").format(table.history, asked))
    names = {"history": table.history, "fresh": fresh, "same_key": same_key(table, "changed", "fresh")}
    changed = sql.SQL(
        "FROM {history} AS changed LEFT JOIN {fresh} AS fresh ON {same_key} WHERE changed._release = {release}"
    ).format(**names, release=sql.Literal(release))
    sums = _sums(cursor, table, changed)
    _apply(cursor, table, changed, within)
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


def _apply(cursor: Cursor, table: Table, changed: sql.Composable, within: sql.Composable) -> None:
    others = [column for column in table.columns if column not in table.key]
    update = sql.SQL("WHEN MATCHED THEN UPDATE SET {}").format(
        sql.SQL(", ").join(sql.SQL("{0} = fresh.{0}").format(sql.Identifier(column)) for column in others)
    )
    statement = sql.SQL(
        """
        MERGE INTO {table} AS kept
        USING (SELECT changed._change, {key}, {others} {changed}) AS fresh
        ON {same_key} AND ({within})
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
        within=within,
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


def publish_table(cursor: Cursor, table: Table, load: Load, staging: sql.Identifier, release: int) -> Change:
    """Bring a table to the content that an attempt loaded; what it has not staged stays. No new table is compared."""
    cursor.execute("SELECT history.follow(%s::regclass)", (table.name,))
    if load.keeps(table.name):
        return Change(table.name, 0, 0, 0)
    added = _fill_new_table(cursor, table, staging, release)
    return added or merge(cursor, table, kept=rows_compared(table, load), fresh=staging, release=release)


def publish_months(
    cursor: Cursor, table: Table, load: Load, staging: sql.Identifier, release: int, *, adopts: bool
) -> Change:
    """The same for a table of months: new ones are filled, those that were staged as a whole or are gone are compared.

    Of one that gets more rows nothing else is looked at.
    """
    cursor.execute("SELECT history.follow(%s::regclass)", (table.name,))
    new = new_parts(cursor, table, load, release)
    not_compared = {*load.kept_parts(table), *(part.month for part in new)}
    compared = [month for month in standing_months(cursor, table) if month not in not_compared]
    added = fill_months(cursor, table, new, staging, release, adopts=adopts)
    grown = load.grown_parts(table.name)
    if not compared and not grown:
        return added
    rows = sql.SQL("(SELECT * FROM {} WHERE {})").format(table.identifier, in_parts(table, compared))
    within = in_parts(table, [*compared, *grown], of="kept")
    return _together(added, merge(cursor, table, kept=rows, fresh=staging, release=release, within=within))


def _together(one: Change, other: Change) -> Change:
    sums = {c: one.sums.get(c, Decimal(0)) + other.sums.get(c, Decimal(0)) for c in {**one.sums, **other.sums}}
    return Change(
        one.table,
        one.inserted + other.inserted,
        one.updated + other.updated,
        one.deleted + other.deleted,
        {column: value for column, value in sums.items() if value},
    )


def _fill_new_table(cursor: Cursor, table: Table, fresh: sql.Composable, release: int) -> Change | None:
    """Fill a table that no release has had and nobody has written to; None where it is not such a table."""
    is_known = "SELECT EXISTS (SELECT FROM audit.release_changes WHERE table_name = %s)"
    has_rows = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(table.identifier)
    if fetch_value(cursor, is_known, (table.name,)) or fetch_value(cursor, has_rows):
        return None
    cursor.execute("INSERT INTO history.new_parts (release, table_name) VALUES (%s, %s)", (release, table.name))
    columns, rows = columns_named(table.columns), sql.SQL("FROM {}").format(fresh)
    cursor.execute(sql.SQL("INSERT INTO {} ({}) SELECT {} {}").format(table.identifier, columns, columns, rows))
    inserted = cursor.rowcount
    money = [sql.SQL("COALESCE(SUM({0}), 0) AS {0}").format(sql.Identifier(column)) for column in table.money]
    return Change(table.name, inserted, 0, 0, _nonzero(cursor, money, rows))
