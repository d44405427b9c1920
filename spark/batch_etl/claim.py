"""The life of an attempt: it claims a token, loads into staging tables that carry it, and may be published once.

A token is a number that only grows. A newer attempt at a run raises it, and clears the staging of all that is older.
"""

import json

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import Superseded
from batch_etl.stores.loads import Load
from batch_etl.stores.staging import count_in, drop_staging_before, require_staging
from batch_etl.stores.warehouse import fetch_value


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


def advance(cursor: Cursor, run_key: str, token: int, *, state: str) -> None:
    """Record how far an attempt came. Raises Superseded where another attempt holds the run by now."""
    cursor.execute("UPDATE audit.runs SET state = %s WHERE run_key = %s AND token = %s", (state, run_key, token))
    if cursor.rowcount == 0:
        raise Superseded(f"run {run_key}: a newer attempt holds the run; nothing was changed, let that one finish")


def mark_dry_run(connection: Connection, run_key: str) -> None:
    """Record that nobody means to publish what the run loaded."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "UPDATE audit.runs SET is_dry_run = TRUE WHERE run_key = %s AND state IN ('audited', 'unchanged')",
            (run_key,),
        )


def mark_loaded(connection: Connection, run_key: str, token: int, load: Load) -> None:
    """Record that staging is complete and what it holds, and let it show that.

    Raises Superseded where a newer attempt holds the run, or another run has cleared the staging meanwhile.
    """
    with connection, connection.cursor() as cursor:
        advance(cursor, run_key, token, state="loaded")
        require_staging(cursor, token, load)
        count_in(cursor, token, load.parts)
        content = json.dumps(load.as_json())
        cursor.execute("UPDATE audit.runs SET load_manifest = %s WHERE run_key = %s", (content, run_key))


def newest_attempt(cursor: Cursor, run_key: str) -> tuple[int, str, Load | None]:
    """Token and state of the attempt that holds the run, and what it loaded."""
    cursor.execute(
        # What was loaded before there were parts is not published by code that goes by them.
        """
        SELECT token, state, CASE WHEN load_manifest ? 'staged' THEN load_manifest END
        FROM audit.runs
        WHERE run_key = %s
        """,
        (run_key,),
    )
    row = cursor.fetchone()
    if row is None:
        raise Superseded(f"run {run_key}: nothing was loaded for it; run data_loading first")
    return row[0], row[1], Load.from_json(row[2]) if row[2] else None
