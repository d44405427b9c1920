"""Values that stand in a contract itself, its limits and allowed values: judged as those of records are."""

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Column, Dialect
from batch_etl.transforms.values import matches_whole, normalise, typed_values

# In which limits are written, whatever the files use.
ISO_FORMATS = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd'T'HH:mm:ss'Z'"}


def limit_value(limit: str, column: Column) -> Any:  # noqa: ANN401 - of the column's kind
    """What a limit stands for, written with a point or in ISO 8601; None where it is no value of its column."""
    as_in_contracts = column.model_copy(update={"time_format": ISO_FORMATS.get(column.kind)})
    return typed_values(_array(limit), as_in_contracts, Dialect())[0].as_py()


def broken_rules(value: str, column: Column) -> Iterator[str]:
    """What keeps a record of its own column from ever holding an allowed value."""
    normal = normalise(_array(value), column)[0].as_py()
    if normal != value:
        yield f"becomes {normal!r} by {', '.join(column.normalisations)}"
    if column.kind in ("decimal", "date", "timestamp"):
        yield f"cannot be told from its other spellings, being no text; use limits for {column.kind}"
    else:
        yield from _other_spellings(value, column)
    if column.min_length is not None and len(value) < column.min_length:
        yield f"is shorter than {column.min_length}"
    if column.max_length is not None and len(value) > column.max_length:
        yield f"is longer than {column.max_length}"
    if column.pattern is not None and not matches_whole(_array(value), column.pattern)[0].as_py():
        yield "does not match the pattern"


def _other_spellings(value: str, column: Column) -> Iterator[str]:
    """Records are compared as they are written, rows as the database writes them."""
    typed = typed_values(_array(value), column, Dialect())[0].as_py()
    if typed is None:
        yield f"is no {column.physical_type}"
    elif column.kind != "text" and str(typed).lower() != value:
        yield f"stands for {str(typed).lower()}; write that"


def pattern_fault(pattern: object) -> str | None:
    """What keeps a pattern from being one in RE2's language, which judges the records."""
    if not isinstance(pattern, str):
        return "is not text; put it into quotes"
    try:
        pc.match_substring_regex(_array(""), pattern)
    except pa.ArrowInvalid as error:
        return str(error)
    return None


def _array(value: str) -> pa.Array:
    return pa.array([value], pa.string())
