"""Wait for whoever holds what a transaction needs, with a bound, and name him."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import WarehouseBusy
from batch_etl.stores.warehouse import fetch_rows

log = logging.getLogger(__name__)
T = TypeVar("T")

# One try waits that long; then everybody who came after us may go on before we stand in line again.
_TRY_SECONDS = 10

_SHOWN_LETTERS = 100
# A string, a comment or a long number may be a person's; a name in quotes is none. PostgreSQL cuts long statements, so
# one that is not closed goes on to the end.
_VALUE = re.compile(
    r"""
    (?P<name>"[^"]*")
    | (?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?:(?P=tag)|\Z)
    | \b[eE]'(?:[^'\\]|\\.)*(?:'|\Z)
    | (?:'[^']*(?:'|\Z))+
    | --[^\n]*
    | /\*.*?(?:\*/|\Z)
    | \b\d{5,}\b
    """,
    re.DOTALL | re.VERBOSE,
)

_HOLDERS = """
    SELECT DISTINCT
        activity.pid,
        COALESCE(NULLIF(activity.application_name, ''), 'unnamed') AS application,
        activity.usename AS role,
        COALESCE(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP() - activity.xact_start)::int, 0) AS seconds,
        activity.state,
        activity.query
    FROM pg_locks AS held
    INNER JOIN pg_stat_activity AS activity ON held.pid = activity.pid
    LEFT JOIN pg_class AS locked ON held.relation = locked.oid
    WHERE held.granted
        AND held.pid <> PG_BACKEND_PID()
        AND activity.datname = CURRENT_DATABASE()
        AND (
            held.locktype = 'advisory'
            -- A month of staging that becomes a partition must be read by nobody; published tables may be.
            OR locked.relnamespace::regnamespace::text = 'staging'
            OR (
                held.mode <> 'AccessShareLock'
                AND locked.relnamespace::regnamespace::text IN ('core', 'marts', 'quarantine', 'audit', 'history')
            )
        )
    ORDER BY seconds DESC
    """


def lock_tables(cursor: Cursor, tables: Sequence[sql.Composable]) -> None:
    """Keep every other writer out of these tables to the end of the transaction; readers go on reading."""
    cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(sql.SQL(", ").join(tables)))


def when_free(connection: Connection, work: Callable[[Cursor], T], *, limit_seconds: int) -> T:
    """Do work in one transaction; where a lock is not to be had, undo it all and try again.

    Raises WarehouseBusy, which names who holds a lock, when the limit has passed. Then nothing has changed.
    """
    end = time.monotonic() + limit_seconds
    while True:
        left = end - time.monotonic()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = %s", (f"{max(1, min(_TRY_SECONDS, round(left)))}s",))
                return work(cursor)
        except (errors.LockNotAvailable, errors.DeadlockDetected):
            holders = _holders(connection)
            if time.monotonic() >= end:
                raise WarehouseBusy(_told(holders, limit_seconds)) from None
            log.warning("waiting for a lock", extra={"held_by": holders})


def _holders(connection: Connection) -> list[dict[str, Any]]:
    with connection, connection.cursor() as cursor:
        found = fetch_rows(cursor, _HOLDERS)
    return [{**who, "query": without_values(who["query"] or "")[:_SHOWN_LETTERS]} for who in found]


def without_values(statement: str) -> str:
    """The statement as people may see it: with *** for every string, comment and number of five digits or more."""
    return _VALUE.sub(lambda found: found["name"] or "***", statement)


def _told(holders: list[dict[str, Any]], limit_seconds: int) -> str:
    named = "; ".join(
        f"pid {who['pid']} ({who['application']}, role {who['role']}, "
        f"{who['state']} for {who['seconds']} s: {who['query']})"
        for who in holders
    )
    return (
        f"warehouse: no lock within {limit_seconds} s, held by {named or 'somebody who is gone by now'}; nothing was "
        "changed. Let it end, or end it with pg_terminate_backend; then try again"
    )
