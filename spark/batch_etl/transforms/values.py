"""From strings to values, strictly, kind by kind: what is not exactly in the form of its kind is no value."""

import re
from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Column, Dialect, Normalisation

_INTEGERS = {"smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64()}
_OTHERS = {
    "text": pa.string(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "boolean": pa.bool_(),
}
_SPARK_INTEGERS = {"smallint": "smallint", "integer": "int", "bigint": "bigint"}
_SPARK_OTHERS = {"text": "string", "date": "date", "timestamp": "timestamp", "boolean": "boolean"}
# The letters of java.time that a contract may use, and what each must look like.
_FIELDS = {
    "yyyy": r"\d{4}",
    "MM": "(?:0[1-9]|1[0-2])",
    "dd": r"(?:0[1-9]|[12]\d|3[01])",
    "HH": r"(?:[01]\d|2[0-3])",
    "mm": r"[0-5]\d",
    "ss": r"[0-5]\d",
}
_ISO_FORMATS = ("yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ss'Z'")
_FORMAT_PIECES = re.compile(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|.")
# A day that some month of the form lacks: worth asking a calendar.
_LATE_DAY = r"^\d{4}-(?:02-(?:29|30|31)|(?:04|06|09|11)-31)|^0000"
# What trim takes for blanks too: RE2's \s alone knows six of them.
_BLANKS = r"[\pZ\s\v\x1c-\x1f\x{85}]+"
_NORMALISE: dict[Normalisation, Callable[[pa.Array], pa.Array]] = {
    "trim": pc.utf8_trim_whitespace,
    "collapse_blanks": lambda text: pc.replace_substring_regex(text, _BLANKS, " "),
    "upper": pc.utf8_upper,
    "lower": pc.utf8_lower,
    "nfc": lambda text: pc.utf8_normalize(text, "NFC"),
}


def arrow_type(column: Column) -> pa.DataType:
    """The type of a clean value."""
    if column.kind == "decimal":
        return pa.decimal128(column.precision, column.scale)
    return _INTEGERS[column.physical_type] if column.kind == "integer" else _OTHERS[column.kind]


def spark_type(column: Column) -> str:
    """The same by Spark's name."""
    if column.kind == "decimal":
        return f"decimal({column.precision},{column.scale})"
    return _SPARK_INTEGERS[column.physical_type] if column.kind == "integer" else _SPARK_OTHERS[column.kind]


def one_chunk(column: pa.ChunkedArray) -> pa.Array:
    """The values of a column as one array; where they are one already, none is copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def normalise(text: pa.Array, column: Column) -> pa.Array:
    """Do what the contract says before it judges; what becomes empty is missing."""
    for normalisation in column.normalisations:
        text = _NORMALISE[normalisation](text)
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text) if column.normalisations else text


def typed_values(text: pa.Array, column: Column, dialect: Dialect) -> pa.Array:
    """The value of each string, null where there is none: no guessed separators, no other digits, no blanks.

    text     normalised strings
    returns  values of arrow_type(column)
    """
    return _PARSERS[column.kind](text, column, dialect)


def matches_whole(text: pa.Array, pattern: str) -> pa.Array:
    return pc.match_substring_regex(text, rf"\A(?:{pattern})\z")


def _where(is_kept: pa.Array, text: pa.Array) -> pa.Array:
    return pc.if_else(is_kept, text, pa.scalar(None, text.type))


def _parse_text(text: pa.Array, column: Column, dialect: Dialect) -> pa.Array:  # noqa: ARG001 - one shape for all kinds
    return text


def _parse_integer(text: pa.Array, column: Column, dialect: Dialect) -> pa.Array:  # noqa: ARG001
    # 18 digits always fit into 64 bits.
    wide = _where(matches_whole(text, r"-?\d{1,18}"), text).cast(pa.int64())
    narrow = arrow_type(column)
    most = 2 ** (narrow.bit_width - 1) - 1
    return _where(pc.and_(pc.greater_equal(wide, -most - 1), pc.less_equal(wide, most)), wide).cast(narrow)


def _parse_decimal(text: pa.Array, column: Column, dialect: Dialect) -> pa.Array:
    whole, scale = (column.precision or 0) - (column.scale or 0), column.scale
    separator = re.escape(dialect.decimal_separator)
    fraction = rf"(?:{separator}\d{{1,{scale}}})?" if scale else ""
    formed = _where(matches_whole(text, rf"-?\d{{1,{whole}}}{fraction}"), text)
    if dialect.decimal_separator != ".":
        formed = pc.replace_substring(formed, dialect.decimal_separator, ".")
    return formed.cast(arrow_type(column))


def _parse_moment(text: pa.Array, column: Column, dialect: Dialect) -> pa.Array:  # noqa: ARG001
    pattern, order = _moment_pattern(column.time_format or "")
    iso = _where(pc.match_substring_regex(text, pattern), text)
    if column.time_format not in _ISO_FORMATS:
        iso = pc.replace_substring_regex(iso, pattern, _iso(order, column))
    return _where(_is_on_the_calendar(iso), iso).cast(arrow_type(column))


def _moment_pattern(time_format: str) -> tuple[str, list[str]]:
    """A regular expression with a group a field, and the fields in their order."""
    pieces = _FORMAT_PIECES.findall(time_format)
    pattern = "".join(f"({_FIELDS[p]})" if p in _FIELDS else re.escape(p.strip("'") or "'") for p in pieces)
    return rf"\A{pattern}\z", [piece for piece in pieces if piece in _FIELDS]


def _iso(order: list[str], column: Column) -> str:
    """What brings the groups of a form into the order of ISO 8601; a time that the form lacks is midnight in UTC."""
    place = {field: rf"\{order.index(field) + 1}" for field in order}
    day = f"{place['yyyy']}-{place['MM']}-{place['dd']}"
    time = ":".join(place.get(field, "00") for field in ("HH", "mm", "ss"))
    return day if column.kind == "date" else f"{day}T{time}Z"


def _is_on_the_calendar(iso: pa.Array) -> pa.Array:
    """Whether the day is there in its month and year: 30 February has the form of a date and is none."""
    is_late = pc.fill_null(pc.match_substring_regex(iso, _LATE_DAY), False)
    impossible = [
        day for day in pc.unique(pc.utf8_slice_codeunits(iso.filter(is_late), 0, 10)).to_pylist() if _is_no_day(day)
    ]
    if not impossible:
        return pc.is_valid(iso)
    return pc.invert(pc.is_in(pc.utf8_slice_codeunits(iso, 0, 10), pa.array(impossible, pa.string())))


def _is_no_day(day: str) -> bool:
    try:
        datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007 - a day of the calendar has no zone
    except ValueError:
        return True
    return False


def _parse_boolean(text: pa.Array, column: Column, dialect: Dialect) -> pa.Array:  # noqa: ARG001
    return _where(pc.is_in(text, pa.array(["true", "false"])), pc.equal(text, "true"))


_PARSERS: dict[str, Callable[[pa.Array, Column, Dialect], pa.Array]] = {
    "text": _parse_text,
    "integer": _parse_integer,
    "decimal": _parse_decimal,
    "date": _parse_moment,
    "timestamp": _parse_moment,
    "boolean": _parse_boolean,
}
