"""The schema staging: tables of one attempt each, which nobody but the checks looks at.

The staging table of a published table holds no row itself: the tables that tasks have filled are its children, if they
count. A task that ran twice leaves a table that is dropped, not rows that are doubled.
"""

import logging
from collections.abc import Iterable, Sequence

from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import Superseded
from batch_etl.stores.loads import Load, StagedPart
from batch_etl.stores.warehouse import fetch_value

log = logging.getLogger(__name__)


def staging_table(table: str, token: int) -> sql.Identifier:
    """The staging table of a published table such as core.fct_sale."""
    return sql.Identifier("staging", staging_name(table, token))


def staging_name(table: str, token: int) -> str:
    return f"{table.partition('.')[2]}_t{token}"


def open_staging(cursor: Cursor, token: int, tables: Iterable[str]) -> None:
    """Create an empty staging table for each table, with its columns."""
    create = sql.SQL("CREATE TABLE {} (LIKE {})")
    for table in tables:
        cursor.execute(create.format(staging_table(table, token), sql.Identifier(*table.split("."))))


def count_in(cursor: Cursor, token: int, parts: Sequence[StagedPart]) -> None:
    """Let the staging tables show these parts, which moves no row."""
    for part in parts:
        adopt = sql.SQL("ALTER TABLE {} INHERIT {}")
        cursor.execute(adopt.format(part.identifier, staging_table(part.table, token)))


def size_of_parts(cursor: Cursor, parts: Sequence[StagedPart]) -> int:
    """Bytes that these parts take in the warehouse, with their indexes."""
    names = [part.identifier.as_string(cursor) for part in parts]
    size = "SELECT COALESCE(SUM(PG_TOTAL_RELATION_SIZE(name::regclass)), 0) FROM UNNEST(%s::text[]) AS name"
    return int(fetch_value(cursor, size, (names,)))


def require_staging(cursor: Cursor, token: int, load: Load) -> None:
    """Raise Superseded where the staging of an attempt is gone: every claim clears what is older."""
    names = [*(staging_name(table, token) for table in load.mart.rows), *(part.name for part in load.parts)]
    count = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'staging' AND tablename = ANY(%s)"
    if fetch_value(cursor, count, (names,)) < len(set(names)):
        raise Superseded(
            f"attempt {token}: a newer run has cleared its staging; clear data_loading and what follows to try again"
        )


def drop_staging_before(connection: Connection, token: int) -> None:
    """Drop the staging of older attempts. One that is still being written to stays for the next claim."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tablename FROM pg_tables
            WHERE schemaname = 'staging' AND SUBSTRING(tablename FROM '_t(\\d+)(?:_[0-9a-f]+)?$')::bigint < %s
            """,
            (token,),
        )
        tables = [row[0] for row in cursor.fetchall()]
    for table in tables:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1s'")
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS staging.{} CASCADE").format(sql.Identifier(table)))
        except errors.LockNotAvailable:
            log.warning("staging.%s is in use by an older attempt; the next claim drops it", table)
