"""Formats of dates and times in the letters of java.time: yyyy MM dd HH mm ss, each of fixed width."""

import re

_FIELDS = ("yyyy", "MM", "dd", "HH", "mm", "ss")
_DATE = _FIELDS[:3]
_TIMES = (_FIELDS[:4], _FIELDS[:5], _FIELDS)
_PART = re.compile(r"(?P<field>([A-Za-z])\2*)|'[^']+'(?!')|[^A-Za-z'\d\[\]{}#]")


def format_fault(time_format: str, *, is_date: bool) -> str | None:
    """What is wrong with a format, or None."""
    try:
        fields = _read_fields(time_format)
    except ValueError as error:
        return str(error)
    in_order = tuple(field for field in _FIELDS if field in fields)
    if len(in_order) != len(fields):
        return "names a field twice"
    if is_date and in_order != _DATE:
        return "a date needs yyyy, MM and dd, and nothing else"
    if not is_date and in_order not in _TIMES:
        return "a timestamp needs yyyy, MM, dd and HH, then mm, then ss"
    return None


def _read_fields(time_format: str) -> list[str]:
    fields: list[str] = []
    end = 0
    while end < len(time_format):
        match = _PART.match(time_format, end)
        if match is None:
            raise ValueError(f"{time_format[end]!r} has no meaning there; put text into single quotes")
        end = match.end()
        if match["field"] not in (None, *_FIELDS):
            raise ValueError(f"'{match['field']}' is not supported; use {', '.join(_FIELDS)}, text in single quotes")
        fields += [match["field"]] if match["field"] else []
    return fields
