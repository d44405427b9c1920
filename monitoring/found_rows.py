"""The rows that a check of sql/checks finds, without personal values."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import Column
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import ConfigurationError
from batch_etl.quarantine.masking import masked_row
from batch_etl.stores.warehouse import quotes_a_value, what_failed

# It may only read: in a savepoint, since the transaction around it has to write. The time limit of the task is no help:
# who waits for PostgreSQL does not hear of it.
_BEGIN = "SAVEPOINT check_reads; SET LOCAL transaction_read_only = on; SET LOCAL statement_timeout = %s"
_END = "ROLLBACK TO SAVEPOINT check_reads; RELEASE SAVEPOINT check_reads"
_LONGEST = "60min"
# As a part of another query it is one statement, which cannot end the transaction; of millions of rows ten are sent.
_FIND = sql.SQL("SELECT found.*, COUNT(*) OVER () FROM ({}\n) AS found LIMIT 10")
_CLOSING = re.compile(r"(\s*;|\n\s*--.*)*\s*\Z")


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
    names = list(_told_apart(column.name for column in columns))

    def shown(column: Column, value: Any) -> Any:  # noqa: ANN401 - whatever stands in a column
        return masked_row({column.name: _readable(value)}, personal)[column.name]

    found = [
        {name: shown(column, value) for name, column, value in zip(names, columns, row, strict=False)} for row in rows
    ]
    return rows[0][-1], found


def _readable(value: Any) -> Any:  # noqa: ANN401 - whatever stands in a column
    """Bytes as PostgreSQL shows them."""
    if isinstance(value, list):
        return [_readable(part) for part in value]
    return f"\\x{value.hex()}" if isinstance(value, memoryview) else value


def _told_apart(names: Iterable[str]) -> Iterator[str]:
    """Of columns that have the same name, the second, third … with its number."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"
