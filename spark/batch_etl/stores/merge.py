"""Merge by difference: bring a published table to the content of its staging table inside the publish's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.warehouse import fetch_value


@dataclass(frozen=True)
class Change:
    """What a publish did to a table, in rows."""

    table: str
    inserted: int
    updated: int
    deleted: int


def merge(cursor: Cursor, table: str, staging: str) -> Change:
    """Bring a table to the content of its staging table, touching only the rows that differ."""
    schema, _, name = table.partition(".")
    columns, key = columns_and_key(cursor, schema, name)
    if _is_partitioned(cursor, schema, name):
        _add_months(cursor, table, staging)
    statement = sql.SQL(
        """
        WITH merged AS (
            MERGE INTO {table} AS kept
            USING staging.{staging} AS fresh
            ON {same_key}
            WHEN MATCHED AND ({kept_columns}) IS DISTINCT FROM ({fresh_columns}) THEN UPDATE SET {assignments}
            WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({fresh_columns})
            WHEN NOT MATCHED BY SOURCE THEN DELETE
            RETURNING MERGE_ACTION() AS action
        )

        SELECT action, COUNT(*) FROM merged GROUP BY action
        """
    ).format(
        table=qualified(table),
        staging=sql.Identifier(staging),
        same_key=sql.SQL(" AND ").join(sql.SQL("kept.{0} = fresh.{0}").format(sql.Identifier(c)) for c in key),
        kept_columns=_listed("kept.{}", columns),
        fresh_columns=_listed("fresh.{}", columns),
        assignments=sql.SQL(", ").join(sql.SQL("{0} = fresh.{0}").format(sql.Identifier(c)) for c in columns),
        columns=_listed("{}", columns),
    )
    cursor.execute(statement)
    counts: Mapping[str, int] = dict(cursor.fetchall())
    return Change(table, counts.get("INSERT", 0), counts.get("UPDATE", 0), counts.get("DELETE", 0))


def columns_and_key(cursor: Cursor, schema: str, name: str) -> tuple[list[str], list[str]]:
    """The columns of a table and those of its primary key, as the catalogue knows them."""
    cursor.execute(
        """
        SELECT column_name FROM information_schema.columns
        WHERE table_schema = %s AND table_name = %s ORDER BY ordinal_position
        """,
        (schema, name),
    )
    columns = [row[0] for row in cursor.fetchall()]
    cursor.execute(
        """
        SELECT attribute.attname
        FROM pg_index
        INNER JOIN pg_attribute AS attribute
            ON pg_index.indrelid = attribute.attrelid AND attribute.attnum = ANY(pg_index.indkey)
        WHERE pg_index.indrelid = FORMAT('%%I.%%I', %s, %s)::regclass AND pg_index.indisprimary
        """,
        (schema, name),
    )
    return columns, [row[0] for row in cursor.fetchall()]


def _is_partitioned(cursor: Cursor, schema: str, name: str) -> bool:
    kind = "SELECT relkind = 'p' FROM pg_class WHERE oid = FORMAT('%%I.%%I', %s, %s)::regclass"
    return bool(fetch_value(cursor, kind, (schema, name)))


def _add_months(cursor: Cursor, table: str, staging: str) -> None:
    """Attach an empty partition for each month that is new.

    Attached, not created in place: CREATE TABLE … PARTITION OF locks out every reader of the table.
    """
    schema, _, name = table.partition(".")
    months = sql.SQL("SELECT DISTINCT DATE_TRUNC('month', sold_on)::date AS month FROM staging.{} ORDER BY month")
    cursor.execute(months.format(sql.Identifier(staging)))
    for (month,) in cursor.fetchall():
        partition = f"{name}_{month:%Y_%m}"
        if fetch_value(cursor, "SELECT TO_REGCLASS(FORMAT('%%I.%%I', %s, %s))", (schema, partition)) is None:
            names = {"partition": qualified(f"{schema}.{partition}"), "table": qualified(table)}
            cursor.execute(sql.SQL("CREATE TABLE {partition} (LIKE {table} INCLUDING CONSTRAINTS)").format(**names))
            attach = sql.SQL("ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM (%s) TO (%s)")
            following = month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
            cursor.execute(attach.format(**names), (month, following))


def qualified(table: str) -> sql.Identifier:
    return sql.Identifier(*table.split("."))


def _listed(template: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(template).format(sql.Identifier(name)) for name in names)
