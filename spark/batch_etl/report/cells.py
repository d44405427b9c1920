"""Values as people read them, whatever stands in a file: nothing moves a cursor, turns a line around or runs off it."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

_LONGEST = 300
_FIRST_ROWS = 3
_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F
# The last two places of every plane are no characters.
_NO_CHARACTER = 0xFFFE
# Joiners belong to the spelling of words and emoji.
_JOINERS = "\u200c\u200d"
# Control, format (bidi overrides), surrogate, private and line separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def cell(value: object) -> str:
    """A value of a table as text."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return visible(str(value))


def visible(text: str) -> str:
    """The text with what cannot be seen written out, and cut where it is too long to read."""
    kept = text[:_LONGEST]
    if len(text) > _LONGEST:
        kept += f"… ({len(text):,} characters)"
    return "".join(map(_visible_character, kept))


def row_line(row: Mapping[str, object]) -> str:
    """A row that a check found, as names and values; rows within it come last, in brackets."""
    cells = sorted(row.items(), key=lambda named: isinstance(named[1], list | Mapping))
    return ", ".join(f"{visible(name)} {_found(value)}" for name, value in cells)


def first_rows(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """The first rows that a check found, one a line, and how many more are kept."""
    lines = [f"    {row_line(row)}" for row in rows[:_FIRST_ROWS]]
    more = len(rows) - _FIRST_ROWS
    return [*lines, f"    … and {more} more in audit.quality_results"] if more > 0 else lines


def _found(value: object) -> str:
    if isinstance(value, Mapping):
        return f"({row_line(value)})"
    if isinstance(value, list):
        return " ".join(map(_found, value))
    # Of a key every digit counts.
    return "-" if value is None else visible(str(value))


def size(count: int | None) -> str:
    """Bytes in the unit that people would use."""
    if count is None:
        return "-"
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if round(amount, 1) < 1000 or unit == "GB":  # noqa: PLR2004 - SI
            return f"{amount:,.0f} {unit}" if unit == "bytes" else f"{amount:,.1f} {unit}"
        amount /= 1000
    raise AssertionError("every size has a unit")


def change(now: float | Decimal | None, before: float | Decimal | None) -> str | None:
    """How far a figure is from another one, in percent; None where there is none, or none above nothing."""
    if now is None or not before or before < 0:
        return None
    return f"{float(now) / float(before) - 1:+z.1%}"


def _visible_character(character: str) -> str:
    code = ord(character)
    is_no_character = code & _NO_CHARACTER == _NO_CHARACTER
    if character in _JOINERS or not (is_no_character or unicodedata.category(character) in _UNSEEN):
        return character
    if code < ord(" "):
        return chr(_CONTROL_PICTURES + code)
    return "␡" if code == _DELETE else f"‹U+{code:04X}›"
