"""The life of an attempt: it claims a token, loads into staging tables that carry it, and may be published once.

A token is a number that only grows. A newer attempt at a run raises it, and clears the staging of all that is older.
"""

import json
import logging
from collections.abc import Sequence

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import Superseded
from batch_etl.stores.mart import Manifest
from batch_etl.stores.warehouse import fetch_value

log = logging.getLogger(__name__)


def staging_name(table: str, token: int) -> str:
    """Name in the schema staging of a table such as core.fct_sale."""
    return f"{table.partition('.')[2]}_t{token}"


def claim(connection: Connection, run_key: str) -> int:
    """Begin an attempt: raise the run's token, so that every earlier attempt loses, and clear their staging."""
    with connection, connection.cursor() as cursor:
        token = fetch_value(
            cursor,
            """
            INSERT INTO audit.runs (run_key, token, state)
            VALUES (%s, NEXTVAL('audit.token'), 'claimed')
            ON CONFLICT (run_key) DO UPDATE SET
                token = EXCLUDED.token,
                state = EXCLUDED.state,
                claimed_at = NOW(),
                load_manifest = NULL
            RETURNING token
            """,
            (run_key,),
        )
    drop_staging_before(connection, token)
    return int(token)


def open_staging(connection: Connection, token: int, tables: Sequence[str]) -> None:
    """Create an empty staging table for each table, with its columns."""
    create = sql.SQL("CREATE TABLE staging.{} (LIKE {})")
    with connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(create.format(sql.Identifier(staging_name(table, token)), sql.Identifier(*table.split("."))))


def require_staging(cursor: Cursor, token: int, tables: Sequence[str]) -> None:
    """Raise Superseded where the staging of an attempt is gone: every claim clears what is older."""
    names = [staging_name(table, token) for table in tables]
    count = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'staging' AND tablename = ANY(%s)"
    if fetch_value(cursor, count, (names,)) < len(names):
        raise Superseded(
            f"attempt {token}: a newer run has cleared its staging; clear data_loading and what follows to try again"
        )


def advance(cursor: Cursor, run_key: str, token: int, *, state: str) -> None:
    """Record how far an attempt came. Raises Superseded where another attempt holds the run by now."""
    cursor.execute("UPDATE audit.runs SET state = %s WHERE run_key = %s AND token = %s", (state, run_key, token))
    if cursor.rowcount == 0:
        raise Superseded(f"run {run_key}: a newer attempt holds the run; nothing was changed, let that one finish")


def mark_loaded(connection: Connection, run_key: str, token: int, manifest: Manifest) -> None:
    """Record that staging is complete and what it holds."""
    content = {"fingerprint": manifest.fingerprint, "batches": dict(manifest.batches), "rows": dict(manifest.rows)}
    with connection, connection.cursor() as cursor:
        advance(cursor, run_key, token, state="loaded")
        cursor.execute("UPDATE audit.runs SET load_manifest = %s WHERE run_key = %s", (json.dumps(content), run_key))


def newest_attempt(cursor: Cursor, run_key: str) -> tuple[int, str, Manifest | None]:
    """Token, state and load manifest of the attempt that holds the run."""
    cursor.execute("SELECT token, state, load_manifest FROM audit.runs WHERE run_key = %s", (run_key,))
    row = cursor.fetchone()
    if row is None:
        raise Superseded(f"run {run_key}: nothing was loaded for it; run data_loading first")
    return row[0], row[1], Manifest(**row[2]) if row[2] else None


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
        except psycopg2.errors.LockNotAvailable:
            log.warning("staging.%s is in use by an older attempt; the next claim drops it", table)
