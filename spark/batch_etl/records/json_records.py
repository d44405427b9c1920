"""JSON records, one document a line, by RFC 8259, strictly: what Python's and Spark's parsers let pass is named."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import pyarrow as pa

from batch_etl.records.boundaries import TOO_LONG, Records

_MALFORMED = "record: malformed JSON"
# Far from where Python gives up, which depends on who calls: each call finds the same.
_MOST_LEVELS = 100


class _Literal(str):
    """A number, kept as it is written: 1.10 is not 1.1."""

    __slots__ = ()


def parse_json(
    records: Records, *, names: Sequence[str], text_names: frozenset[str], keeps_unknown: bool = False
) -> pa.Table:
    """Take documents of UTF-8 apart into one string column a name.

    text_names     columns whose values must be JSON strings; others may be numbers or booleans too
    keeps_unknown  fields that are no column stand in _extra; otherwise they are a fault
    returns        a column for each name, _raw, _fault (null, or why the record cannot be taken apart), _not_text: the
                   names of columns that should be JSON strings and are not, and _extra: JSON or null
    """
    parser = _Parser(tuple(names), text_names, keeps_unknown=keeps_unknown)
    rows = [
        parser.cut_row(record) if place in records.cut else parser.row(record) for place, record in enumerate(records)
    ]
    columns = list(zip(*rows, strict=True)) or [()] * (len(names) + 4)
    arrays = [pa.array(column, pa.string()) for column in columns[: len(names) + 2]]
    arrays += [pa.array(columns[-2], pa.list_(pa.string())), pa.array(columns[-1], pa.string())]
    return pa.table(arrays, names=[*names, "_raw", "_fault", "_not_text", "_extra"])


class _Parser:
    def __init__(self, names: tuple[str, ...], text_names: frozenset[str], *, keeps_unknown: bool) -> None:
        self._names = names
        self._known = frozenset(names)
        self._text_names = text_names
        self._keeps_unknown = keeps_unknown

    def row(self, record: bytes) -> list[Any]:
        """Values, raw text, fault, what is not text, what is extra."""
        raw = record.decode("utf-8").removesuffix("\r")
        document, fault = self._document(raw)
        extra = {name: document[name] for name in document if name not in self._known}
        not_text = [name for name in self._names if name in self._text_names and not _is_text(document.get(name))]
        values = [_as_text(document.get(name)) for name in self._names]
        return [*values, raw, fault, not_text, _as_json(extra) if extra else None]

    def cut_row(self, record: bytes) -> list[Any]:
        # The end of the cut may be half a character.
        return [*[None] * len(self._names), record.decode("utf-8", errors="ignore"), TOO_LONG, [], None]

    def _document(self, raw: str) -> tuple[dict[str, Any], str | None]:
        try:
            document = json.loads(
                raw, object_pairs_hook=_object, parse_constant=_refuse, parse_int=_Literal, parse_float=_Literal
            )
            # A lone surrogate, "\\ud800", is no character and cannot be written down again.
            if "\\u" in raw:
                json.dumps(document, ensure_ascii=False).encode("utf-8")
        except (ValueError, RecursionError):
            return {}, _MALFORMED
        if not isinstance(document, dict) or _is_too_deep(document, raw):
            return {}, _MALFORMED
        # Names too: an unknown one is told in a reason, as its value.
        if "\\u0000" in raw and "\0" in _strings(document):
            return {}, "record: NUL character"
        unknown = next((name for name in document if name not in self._known), None)
        if unknown is not None and not self._keeps_unknown:
            return {}, f"record: unknown field: {unknown}"
        return document, None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("double key")
    return document


def _is_too_deep(document: object, raw: str) -> bool:
    """Whether a document has more levels than may be walked through; it is one itself."""
    # Without so many brackets it has not so many levels: that is known at once.
    if raw.count("[") + raw.count("{") <= _MOST_LEVELS:
        return False
    level = [document]
    for _ in range(_MOST_LEVELS):
        level = [part for holder in level for part in _parts(holder) if isinstance(part, dict | list)]
    return level != []


def _parts(holder: object) -> Iterable[object]:
    if isinstance(holder, dict):
        return holder.values()
    return holder if isinstance(holder, list) else ()


def _strings(value: object) -> str:
    """Every string in a value, names too, joined."""
    if isinstance(value, dict):
        return "".join(f"{name}{_strings(part)}" for name, part in value.items())
    if isinstance(value, list):
        return "".join(map(_strings, value))
    return value if isinstance(value, str) else ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_text(value: object) -> bool:
    return value is None or (isinstance(value, str) and not isinstance(value, _Literal))


def _as_text(value: object) -> str | None:
    """Strings and numbers as they are written, everything else as JSON; the empty string is missing."""
    if value is None or value == "":
        return None
    return str(value) if isinstance(value, str) else _as_json(value)


def _as_json(value: object) -> str:
    """A part of a document as JSON again, its numbers as they were written."""
    if isinstance(value, dict):
        fields = (f"{json.dumps(name, ensure_ascii=False)}: {_as_json(part)}" for name, part in value.items())
        return f"{{{', '.join(fields)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_as_json, value))}]"
    return str(value) if isinstance(value, _Literal) else json.dumps(value, ensure_ascii=False)
