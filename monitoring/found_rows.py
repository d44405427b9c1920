"""The rows that a check of sql/checks finds, without personal values."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import Column
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import ConfigurationError
from batch_etl.quarantine.masking import MASK, masked_computed, masked_inside
from batch_etl.stores.warehouse import fetch_rows, fetch_value, quotes_a_value, what_failed

# It may only read: in a savepoint, since the transaction around it has to write. The time limit of the task is no help:
# who waits for PostgreSQL does not hear of it.
_BEGIN = "SAVEPOINT check_reads; SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = %s"
_END = "ROLLBACK TO SAVEPOINT check_reads; RELEASE SAVEPOINT check_reads"
_LONGEST = "60min"
# As a part of another query it is one statement, which cannot end the transaction; of millions of rows ten are sent.
_FIND = sql.SQL("SELECT found.*, COUNT(*) OVER () FROM ({}\n) AS found LIMIT 10")
_MOST_PARTS = 20
_MOST_CHARACTERS = 1000
_CLOSING = re.compile(r"(\s*;|\n\s*--.*)*\s*\Z")
_CALLED = re.compile(r'(\w+)"?\s*\(')
_ORIGINS = """
    SELECT attname AS name, typcategory AS kind
    FROM UNNEST(%s::oid[], %s::int[], %s::oid[]) WITH ORDINALITY AS found (table_oid, place, type_oid, nth)
    LEFT JOIN pg_type ON pg_type.oid = type_oid
    LEFT JOIN pg_attribute ON attrelid = table_oid AND attnum = place
    ORDER BY nth
"""
_COLUMNS = """
    SELECT attname AS name, typcategory AS kind
    FROM pg_attribute
    INNER JOIN pg_class ON attrelid = pg_class.oid
    INNER JOIN pg_type ON atttypid = pg_type.oid
    WHERE (relnamespace::regnamespace::text, relname) IN %s AND attnum > 0 AND NOT attisdropped
"""
_OWN_FUNCTION = (
    "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = ANY(%s) AND pronamespace != 'pg_catalog'::regnamespace)"
)
# PostgreSQL's letters for numbers, booleans and dates. Of a text, or what may hold one, nobody knows what is in it.
_PLAIN_KINDS = frozenset("NBD")


def find_rows(cursor: Cursor, file: Path, text: str, personal: Collection[str]) -> tuple[int, list[dict[str, Any]]]:
    """How many rows a check finds, and the first ten of them. Raises ConfigurationError where it is no such query.

    text: of its file; personal: names of columns with personal data, in any table
    """
    cursor.execute(_BEGIN, (_LONGEST,))
    try:
        found = _find(cursor, text, personal)
    except psycopg2.errors.QueryCanceled:
        told = f"no answer in {_LONGEST}, or cancelled by somebody"
        raise ConfigurationError(f"{file}: {told}; mend the check") from None
    except psycopg2.OperationalError:
        raise
    except psycopg2.Error as error:
        # Where no value of a row is quoted, and no statement of a function, the line is one of the check.
        is_of_check = not quotes_a_value(error) and error.diag.context is None
        told = " ".join(str(error).split()) if is_of_check else what_failed(error)
        raise ConfigurationError(f"{file}: {told}; mend the check: it is one query, which only reads") from None
    except (ValueError, OverflowError) as error:
        # As of a day before Christ, which Python has no date for.
        raise ConfigurationError(f"{file}: a value that is found cannot be read: {error}; cast it to text") from None
    cursor.execute(_END)
    return found


def _find(cursor: Cursor, text: str, personal: Collection[str]) -> tuple[int, list[dict[str, Any]]]:
    query = _FIND.format(sql.SQL(_CLOSING.sub("", text)))
    cursor.execute(query)
    columns, rows = list(cursor.description or ())[:-1], cursor.fetchall()
    if not rows:
        return 0, []
    shown = _shown(cursor, text, query, columns, personal) if personal else [_readable] * len(columns)
    names = list(_told_apart(column.name for column in columns))
    found = [{name: show(value) for name, show, value in zip(names, shown, row, strict=False)} for row in rows]
    return rows[0][-1], found


def _shown(
    cursor: Cursor, text: str, query: sql.Composed, columns: Sequence[Column], personal: Collection[str]
) -> list[Callable[[Any], Any]]:
    """For each column of what was found, what makes of its values those that people may see.

    A column of a table is known by its own name, whatever the query calls it. What is computed may hold a person where
    the query reads a table with personal columns, unless it is a number, boolean or date and none of those is one.
    """
    places = [[getattr(column, part) for column in columns] for part in ("table_oid", "table_column", "type_code")]
    origins = fetch_rows(cursor, _ORIGINS, places)
    free, kinds = _read_by(cursor, text, query, personal)

    def show(column: Column, origin: str | None, kind: str) -> Callable[[Any], Any]:
        if column.name in personal or origin in personal:
            return _masked
        if not kinds or origin in free or kind in _PLAIN_KINDS - kinds:
            return lambda value: masked_inside(_readable(value), personal)
        return lambda value: masked_computed(_readable(value), free, personal, text)

    return [show(column, row["name"], row["kind"]) for column, row in zip(columns, origins, strict=True)]


def _read_by(cursor: Cursor, text: str, query: sql.Composed, personal: Collection[str]) -> tuple[set[str], set[str]]:
    """Of the tables that a query reads: names of the columns that are not personal, and the kinds of those that are.

    What functions of the user's own read nobody knows: it may be of every kind.
    """
    plan = fetch_value(cursor, sql.SQL("EXPLAIN (VERBOSE, FORMAT JSON) {}").format(query))
    tables = {(node["Schema"], node["Relation Name"]) for node in _nodes(plan) if "Relation Name" in node}
    columns = fetch_rows(cursor, _COLUMNS, (tuple(tables),)) if tables else []
    kinds = {column["kind"] for column in columns if column["name"] in personal}
    if fetch_value(cursor, _OWN_FUNCTION, (_CALLED.findall(f"{text}{text.lower()}"),)):
        kinds |= _PLAIN_KINDS
    return {column["name"] for column in columns} - {*personal}, kinds


def _nodes(plan: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - whatever JSON can be
    if isinstance(plan, dict):
        yield plan
    inner = plan.values() if isinstance(plan, dict) else plan if isinstance(plan, list) else ()
    for part in inner:
        yield from _nodes(part)


def _masked(value: object) -> str | None:
    return None if value is None else MASK


def _readable(value: Any) -> Any:  # noqa: ANN401 - whatever stands in a column
    """Bytes as PostgreSQL shows them, and the beginning of what is too long to read."""
    if isinstance(value, dict):
        return {name: _readable(part) for name, part in value.items()}
    if isinstance(value, list):
        more = len(value) - _MOST_PARTS
        return [*map(_readable, value[:_MOST_PARTS]), *([f"… and {more:,} more"] if more > 0 else ())]
    if isinstance(value, memoryview):
        value = f"\\x{value.hex()}"
    is_long = isinstance(value, str) and len(value) > _MOST_CHARACTERS
    return f"{value[:_MOST_CHARACTERS]}… ({len(value):,} characters)" if is_long else value


def _told_apart(names: Iterable[str]) -> Iterator[str]:
    """Of columns that have the same name, the second, third … with its number."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
