"""JSON records, one document a line, by RFC 8259, strictly: what Python's and Spark's parsers let pass is named."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

import pyarrow as pa

_MALFORMED = "record: malformed JSON"


class _Literal(str):
    """A number, kept as it is written: 1.10 is not 1.1."""

    __slots__ = ()


def parse_json(records: Sequence[bytes], *, names: Sequence[str], text_names: frozenset[str]) -> pa.Table:
    """Take documents apart into one string column a name.

    records     UTF-8, one document each
    text_names  columns whose values must be JSON strings; others may be numbers or booleans too
    returns     a column for each name, _raw, _fault (null, or why the record cannot be taken apart), and _not_text: the
                names of columns that should be JSON strings and are not
    """
    rows = [_row(record.decode("utf-8"), names, text_names) for record in records]
    columns = list(zip(*rows, strict=True)) or [()] * (len(names) + 3)
    types = [pa.string()] * (len(names) + 2) + [pa.list_(pa.string())]
    arrays = [pa.array(column, type_) for column, type_ in zip(columns, types, strict=True)]
    return pa.table(arrays, names=[*names, "_raw", "_fault", "_not_text"])


def _row(raw: str, names: Sequence[str], text_names: frozenset[str]) -> list[Any]:
    document, fault = _document(raw, names)
    not_text = [name for name in names if name in text_names and not _is_text(document.get(name))]
    return [*(_as_text(document.get(name)) for name in names), raw, fault, not_text]


def _document(raw: str, names: Sequence[str]) -> tuple[dict[str, Any], str | None]:
    try:
        document = json.loads(
            raw, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_Literal, parse_float=_Literal
        )
        # A lone surrogate, "\ud800", is no character and cannot be written down again.
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return {}, _MALFORMED
    if not isinstance(document, dict):
        return {}, _MALFORMED
    # Names too: an unknown one is told in a reason.
    if any(isinstance(text, str) and "\0" in text for pair in document.items() for text in pair):
        return {}, "record: NUL character"
    unknown = next((name for name in document if name not in names), None)
    return ({}, f"record: unknown field {unknown}") if unknown is not None else (document, None)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("double key")
    return document


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_text(value: object) -> bool:
    return value is None or (isinstance(value, str) and not isinstance(value, _Literal))


def _as_text(value: object) -> str | None:
    """Strings and numbers as they are written, everything else as JSON; the empty string is missing."""
    if value is None or value == "":
        return None
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
