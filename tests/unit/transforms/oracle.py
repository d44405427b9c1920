"""What becomes of a record, in plain Python: written from what contracts promise, with nothing of what judges them.

A value goes through the normalisations of its column, character by character, and what they leave empty is missing.
A missing value breaks the contract where the column is required. A present one must be text where the source tells text
from other things, have exactly the form of its kind, and then keep lengths (in characters), pattern (as a whole),
allowed values, minimum and maximum. The first rule that is broken is told, once a column, with what was written.
The texts of a key have 2,500 bytes together at most; else the first of them breaks a rule, where it broke no other.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal

from batch_etl.contract import Column, Contract

Value = str | int | Decimal | date | datetime | bool | None

_DIGITS = "0123456789"
_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
_NOT_A = {
    "integer": "not an integer",
    "decimal": "not a number",
    "date": "not a date",
    "timestamp": "not a timestamp",
    "boolean": "not a boolean",
}
# More digits than any column has: nothing is rounded.
_EXACT = Context(prec=100)
_MOST_KEY_BYTES = 2500
_WIDTHS = {"yyyy": 4, "MM": 2, "dd": 2, "HH": 2, "mm": 2, "ss": 2}


@dataclass(frozen=True)
class Verdict:
    """What became of a record: its values where no reason stands against it, and what is told about it."""

    values: tuple[Value, ...] | None
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]


def judge_record(
    record: Mapping[str, str | None], contract: Contract, *, fault: str | None = None, not_text: tuple[str, ...] = ()
) -> Verdict:
    """Judge one record: the text of each column as written."""
    if fault is not None:
        return Verdict(None, (fault,), ())
    values, reasons, warnings = [], [], []
    texts = [column for column in contract.columns if column.name in contract.key and column.kind == "text"]
    key_bytes = sum(len((normalise(record[column.name], column) or "").encode()) for column in texts)
    for column in contract.columns:
        written = record[column.name]
        value, broken, warning = _judge(written, column, contract, is_text=column.name not in not_text)
        values.append(value)
        if column in texts[:1] and key_bytes > _MOST_KEY_BYTES:
            broken = broken or f"key longer than {_MOST_KEY_BYTES} bytes"
        if broken == "missing":
            reasons.append(f"{column.name}: missing")
        elif broken:
            reasons.append(f"{column.name}: {broken}: {(written or '')[:100]}")
        if warning:
            warnings.append(f"{column.name}: {warning}")
    return Verdict(None, tuple(reasons), ()) if reasons else Verdict(tuple(values), (), tuple(warnings))


def _judge(
    written: str | None, column: Column, contract: Contract, *, is_text: bool
) -> tuple[Value, str | None, str | None]:
    """The value, the first rule that it breaks, and the rule that it is only told about."""
    text = normalise(written, column)
    if text is None:
        return None, "missing" if column.is_required else None, None
    if not is_text:
        return None, "not text", None
    value = read_value(text, column, contract.dialect.decimal_separator)
    if value is None:
        return None, _NOT_A[column.kind], None
    return value, _broken_rule(text, value, column), _warning(text, column)


def _broken_rule(text: str, value: Value, column: Column) -> str | None:
    is_known = column.warns_only or not column.allowed_values or text in column.allowed_values
    keeps = {
        f"shorter than {column.min_length}": column.min_length is None or len(text) >= column.min_length,
        f"longer than {column.max_length}": column.max_length is None or len(text) <= column.max_length,
        "does not match the pattern": column.pattern is None or re.fullmatch(column.pattern, text, re.ASCII),
        "not an allowed value": is_known,
        f"below {column.minimum}": column.minimum is None or value >= _limit(column.minimum, column),
        f"above {column.maximum}": column.maximum is None or value <= _limit(column.maximum, column),
    }
    return next((rule for rule, is_kept in keeps.items() if not is_kept), None)


def _warning(text: str, column: Column) -> str | None:
    is_told = column.warns_only and column.allowed_values and text not in column.allowed_values
    return "not an allowed value" if is_told else None


def normalise(text: str | None, column: Column) -> str | None:
    """The text after the normalisations of its column, in their order."""
    if text is None or not column.normalisations:
        return text
    for step in column.normalisations:
        if step == "trim":
            text = text.strip()
        elif step == "collapse_blanks":
            text = re.sub(r"\s+", " ", text)
        elif step == "nfc":
            text = unicodedata.normalize("NFC", text)
        else:
            text = "".join(_in_case(character, step) for character in text)
    return text or None


def _in_case(character: str, case: str) -> str:
    changed = character.upper() if case == "upper" else character.lower()
    # One character stays one character.
    return changed if len(changed) == 1 else character


def read_value(text: str, column: Column, decimal_separator: str) -> Value:
    """The value that a text is in exactly the form of its kind, else None."""
    if column.kind == "integer":
        return _read_integer(text, 2 ** (_BITS[column.physical_type] - 1))
    if column.kind == "decimal":
        return _read_decimal(text, column, decimal_separator)
    if column.kind == "boolean":
        return {"true": True, "false": False}.get(text)
    if column.kind in ("date", "timestamp"):
        moment = _read_moment(text, column.time_format or "")
        return moment.date() if moment and column.kind == "date" else moment
    return text


def _read_integer(text: str, bound: int) -> int | None:
    digits = text.removeprefix("-")
    if not 1 <= len(digits) <= 18 or digits.strip(_DIGITS):
        return None
    return int(text) if -bound <= int(text) < bound else None


def _read_decimal(text: str, column: Column, separator: str) -> Decimal | None:
    whole, found, fraction = text.removeprefix("-").partition(separator)
    precision, scale = column.precision or 0, column.scale or 0
    if not 1 <= len(whole) <= precision - scale or (whole + fraction).strip(_DIGITS):
        return None
    if found and not 1 <= len(fraction) <= scale:
        return None
    return Decimal(text.replace(separator, ".")).quantize(Decimal(1).scaleb(-scale), context=_EXACT)


def _read_moment(text: str, time_format: str) -> datetime | None:
    """Walk along format and text together."""
    fields: dict[str, int] = {}
    for part in re.findall(r"y+|M+|d+|H+|m+|s+|'[^']*'|.", time_format, re.DOTALL):
        if part in _WIDTHS:
            digits, text = text[: _WIDTHS[part]], text[_WIDTHS[part] :]
            if len(digits) < _WIDTHS[part] or digits.strip(_DIGITS):
                return None
            fields[part] = int(digits)
        else:
            literal = part.strip("'")
            if not text.startswith(literal):
                return None
            text = text.removeprefix(literal)
    if text:
        return None
    try:
        return datetime(*(fields.get(field, 0) for field in _WIDTHS), tzinfo=UTC)
    except ValueError:
        return None


def _limit(limit: str, column: Column) -> Value:
    """A limit stands in the contract with a point and in ISO 8601."""
    if column.kind == "date":
        return date.fromisoformat(limit)
    return datetime.fromisoformat(limit) if column.kind == "timestamp" else Decimal(limit)


def decide_versions(
    clean: Sequence[Mapping[str, Value]], contract: Contract
) -> dict[Value, tuple[Value, str] | tuple[None, None]]:
    """For the number of each record which record stands instead of it and what it is to that one, or nothing.

    Of the records of a key the highest stands, by the columns of the version order and then by all of them, a missing
    value below all others; of equal ones the first in the file.
    """
    decided: dict[Value, tuple[Value, str] | tuple[None, None]] = {}
    for key in {_of(record, contract.key) for record in clean}:
        versions = sorted((r for r in clean if _of(r, contract.key) == key), key=lambda r: r["_record_number"])
        highest = max(versions, key=lambda record: _rank(record, contract))
        for record in versions:
            is_copy = _of(record, contract.column_names) == _of(highest, contract.column_names)
            kind = "exact copy" if is_copy else "superseded version"
            stands = highest["_record_number"]
            decided[record["_record_number"]] = (None, None) if record is highest else (stands, kind)
    return decided


def _of(record: Mapping[str, Value], names: Sequence[str]) -> tuple[Value, ...]:
    return tuple(record[name] for name in names)


def _rank(record: Mapping[str, Value], contract: Contract) -> list[tuple[bool, Value]]:
    ordered = _of(record, (*contract.version_order, *contract.column_names))
    return [(value is not None, value) for value in ordered]
