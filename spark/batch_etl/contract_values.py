"""Values that stand in a contract itself, its limits and allowed values, and whether a record could meet them."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Column, Normalisation

NORMALISATIONS: dict[Normalisation, Callable[[str], str]] = {
    "trim": str.strip,
    "collapse_blanks": lambda text: re.sub(r"\s+", " ", text),
    "upper": str.upper,
    "lower": str.lower,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
}
_INTEGER_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_ISO_FORMATS = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%dT%H:%M:%SZ"}


def is_value(text: str, column: Column) -> bool:
    """Whether a limit, written with a point or in ISO 8601, is a value of its column."""
    if column.kind == "integer":
        bound = 2 ** (_INTEGER_BITS[column.physical_type] - 1)
        return bool(_INTEGER.fullmatch(text)) and -bound <= int(text) < bound
    if column.kind == "decimal":
        whole = (column.precision or 0) - (column.scale or 0)
        fraction = rf"(\.[0-9]{{1,{column.scale}}})?" if column.scale else ""
        return bool(re.fullmatch(rf"-?[0-9]{{1,{whole}}}{fraction}", text))
    return _is_moment(text, _ISO_FORMATS[column.kind])


def is_below(one: str, other: str, column: Column) -> bool:
    """Whether the first of two values is the lower one. What is written in ISO 8601 sorts as it is written."""
    return Decimal(one) < Decimal(other) if column.kind in ("integer", "decimal") else one < other


def broken_rules(value: str, column: Column) -> Iterator[str]:
    """What keeps a record of its own column from ever holding an allowed value."""
    normal = reduce(lambda text, step: NORMALISATIONS[step](text), column.normalisations, value)
    if normal != value:
        yield f"becomes {normal!r} by {', '.join(column.normalisations)}"
    if column.kind in ("integer", "decimal") and not is_value(value, column):
        yield f"is no {column.physical_type}"
    if column.kind == "boolean" and value not in ("true", "false"):
        yield "is not true or false"
    if column.min_length is not None and len(value) < column.min_length:
        yield f"is shorter than {column.min_length}"
    if column.max_length is not None and len(value) > column.max_length:
        yield f"is longer than {column.max_length}"
    if column.pattern is not None and not _matches_whole(value, column.pattern):
        yield "does not match the pattern"


def pattern_fault(pattern: object) -> str | None:
    """What keeps a pattern from being one in RE2's language, which judges the records."""
    if not isinstance(pattern, str):
        return "is not text; put it into quotes"
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        return str(error)
    return None


def _matches_whole(value: str, pattern: str) -> bool:
    return bool(pc.match_substring_regex(pa.array([value]), rf"\A(?:{pattern})\z")[0].as_py())


def _is_moment(text: str, iso_format: str) -> bool:
    try:
        moment = datetime.strptime(text, iso_format)  # noqa: DTZ007 - all times are UTC
    except ValueError:
        return False
    # strptime also takes 2025-1-1.
    return moment.strftime(iso_format) == text
