"""Connections to the warehouse, and its tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - psycopg2 names its class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extensions import parse_dsn

from batch_etl.errors import ConfigurationError, WarehouseUnavailable

Statement = str | sql.Composed
Values = Sequence[object] | Mapping[str, object] | None

# Their class in PostgreSQL, "Data Exception": of these the first line quotes a value too.
_DATA_EXCEPTION = "22"
# What a function says with RAISE or ASSERT is its own text, in which a row may stand, whatever SQLSTATE it gives.
_FREE_TEXT = ("P0001", "P0004")
# The functions of PostgreSQL that say it: these names nobody translates, unlike CONTEXT.
_RAISES = ("exec_stmt_raise", "exec_stmt_assert")
_PLACE = re.compile(r"PL/pgSQL function .+ line \d+ at [\w ]+")
# Our own, which names releases.
_RAISED_BY_OURS = re.compile(r".*\bhistory\.as_of\(")


@contextmanager
def connect(dsn: str, *, application_name: str) -> Iterator[Connection]:
    """Open a connection for a block; each `with connection:` inside is one transaction.

    application_name  shows in pg_stat_activity who is at work
    Times come and are read in UTC, whatever the zone of the server.
    Raises WarehouseUnavailable where nothing answers, ConfigurationError where the login lacks a right. What else
    PostgreSQL refuses keeps its class and tells no value: its errors are recorded, sent and shown where nobody may see
    a person.
    """
    # A server has the zone of its machine, and of two zones the last one holds.
    options = f"{_parse(dsn).get('options', '')} -c timezone=UTC".strip()
    try:
        connection = psycopg2.connect(dsn, application_name=application_name[:63], connect_timeout=10, options=options)
    except psycopg2.OperationalError as error:
        # A line that is indented asks whether there is a server.
        reason = "; ".join(line for line in str(error).strip().splitlines() if not line.startswith("\t"))
        # A server that answers may start just now, refuse the login, or lack the database.
        fix = "waits for it and makes logins and databases as .env has them" if "FATAL:" in reason else "starts it"
        raise WarehouseUnavailable(f"warehouse: {reason}; ./start.sh {fix}") from None
    try:
        yield connection
    except (psycopg2.errors.UndefinedTable, psycopg2.errors.InvalidSchemaName) as error:
        raise WarehouseUnavailable(f"warehouse: {what_failed(error)}; ./etl init creates the tables") from None
    except psycopg2.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"warehouse: {what_failed(error)}: the login {connection.info.user} lacks this right; "
            "name loader in WAREHOUSE_DSN, or let the owner grant it"
        ) from None
    except psycopg2.Error as error:
        raise type(error)(what_failed(error)).with_traceback(error.__traceback__) from None
    finally:
        connection.close()


def _parse(dsn: str) -> dict[str, str]:
    """The parts of an address. Raises ConfigurationError without a part of it: one may be the password."""
    # UnicodeError: it is not UTF-8.
    with suppress(psycopg2.ProgrammingError, UnicodeError):
        parts: dict[str, str] = parse_dsn(dsn)
        if re.fullmatch(r"[\d,]*", parts.get("port", "")) and "@" not in parts.get("host", ""):
            return parts
    raise ConfigurationError(
        "WAREHOUSE_DSN: not an address as postgresql://user:password@host:5432/data_warehouse; "
        "in the password write %25 for %, %2F for /, %3A for : and %40 for @"
    )


def what_failed(error: psycopg2.Error) -> str:
    """What is wrong and where. DETAIL, CONTEXT and LINE hold whole rows and the values of statements."""
    about = error.diag
    text = about.message_primary or str(error).strip().partition("\n")[0]
    if _is_free_text(error):
        said = _PLACE.match(about.context or "")
        text = f"*** ({said[0]})" if said else "***"
    elif quotes_a_value(error):
        text = re.sub('".*"', '"***"', text, flags=re.DOTALL)
    place = [name for name in (about.schema_name, about.table_name, about.column_name, about.constraint_name) if name]
    return f"{text} ({'.'.join(place)})" if place else text


def quotes_a_value(error: psycopg2.Error) -> bool:
    """Whether what is wrong cannot be told without a value of a row."""
    return (error.pgcode or "").startswith(_DATA_EXCEPTION) or _is_free_text(error)


def _is_free_text(error: psycopg2.Error) -> bool:
    about = error.diag
    is_raised = about.source_function in _RAISES and not _RAISED_BY_OURS.match(about.context or "")
    # A function may make a statement of a value; where PostgreSQL does not understand that, it quotes it.
    return error.pgcode in _FREE_TEXT or is_raised or about.internal_query is not None


def fetch_rows(cursor: Cursor, statement: Statement, values: Values = None) -> list[dict[str, Any]]:
    """Run a query and give its rows by column name."""
    cursor.execute(statement, values)
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch_value(cursor: Cursor, statement: Statement, values: Values = None) -> Any:  # noqa: ANN401 - as the query says
    """Run a query and give the first column of its first row, None where there is no row."""
    cursor.execute(statement, values)
    row = cursor.fetchone()
    return row[0] if row else None


def create_tables(connection: Connection, script: Path) -> None:
    """Run sql/create_tables.sql; what stands already stays as it is."""
    with connection, connection.cursor() as cursor:
        lock_tables_made(cursor)
        cursor.execute(script.read_text(encoding="utf-8"))


def lock_tables_made(cursor: Cursor) -> None:
    """One at a time, to the end of the transaction: two starts at once would both make the same schema or view."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('batch_etl.create_tables'))")


def newest_run(connection: Connection) -> str:
    """The run that began a stage last. Raises WarehouseUnavailable where none has."""
    with connection, connection.cursor() as cursor:
        run_key = fetch_value(cursor, "SELECT run_key FROM audit.stage_runs ORDER BY started_at DESC LIMIT 1")
    if run_key is None:
        raise WarehouseUnavailable("warehouse: no run yet; trigger data_pipeline_etl or run ./start.sh")
    return str(run_key)


def require_run(connection: Connection, run_key: str) -> None:
    """Raise ConfigurationError where the audit knows no such run, naming some that it knows."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT run_key FROM audit.stage_runs WHERE run_key = %(run_key)s
            UNION ALL
            SELECT run_key FROM audit.runs WHERE run_key = %(run_key)s
            """,
            {"run_key": run_key},
        )
        if cursor.fetchone():
            return
        newest = "SELECT run_key FROM audit.stage_runs GROUP BY run_key ORDER BY MAX(started_at) DESC LIMIT 5"
        known = [row["run_key"] for row in fetch_rows(cursor, newest)]
    raise ConfigurationError(
        f"--run: there is no run '{run_key}'; the newest are {', '.join(known) or 'none yet'}, and "
        "data/processed/reports/index.html lists them"
    )
