"""The warehouse, to be read and not changed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.settings import Settings
from batch_etl.stores import warehouse

_LONGEST = "30s"


@contextmanager
def connected(*, is_readonly: bool = True) -> Iterator[Connection]:
    """A connection for a block, on which nothing can be written, in UTC, and no statement goes on for ever."""
    dsn = Settings().warehouse_dsn.get_secret_value()
    with warehouse.connect(dsn, application_name="live page") as connection:
        connection.set_session(readonly=is_readonly)
        with connection, connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s; SET timezone = 'UTC'", (_LONGEST,))
        yield connection


@contextmanager
def snapshot() -> Iterator[Cursor]:
    """A transaction in which every table is of one moment, whatever is published meanwhile."""
    with connected() as connection, connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield cursor


def fetch(cursor: Cursor, file: str, **parameters: object) -> list[dict[str, Any]]:
    """Run a query of sql/, such as page/runs."""
    statement = Settings().pipeline_home / f"sql/{file}.sql"
    return warehouse.fetch_rows(cursor, statement.read_text(encoding="utf-8"), parameters)
