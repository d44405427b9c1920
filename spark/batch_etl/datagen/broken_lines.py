"""Lines that no reader can take apart. Each stays one line, so that its neighbours are unharmed."""

import json
from collections.abc import Callable

from batch_etl.datagen.dirt import BadLine
from batch_etl.datagen.rows import Cells, csv_cell, csv_line, json_line

_MALFORMED_CSV = "record: malformed CSV"
_MALFORMED_JSON = "record: malformed JSON"


def text_after_quote(column: str) -> BadLine:
    return BadLine("text_after_quote", _MALFORMED_CSV, lambda cells: _with_raw(cells, {column: '"{}"!'}))


def quote_inside_cell(column: str) -> BadLine:
    return BadLine("quote_inside_cell", _MALFORMED_CSV, lambda cells: _with_raw(cells, {column: 'so-called "{}"'}))


def unclosed_quotes(first: str, second: str) -> BadLine:
    """Two quotes that open and never close: together they look paired to a reader that only counts quotes."""
    return BadLine("unclosed_quotes", _MALFORMED_CSV, lambda cells: _with_raw(cells, {first: '"{}', second: '"{}'}))


def short_record(left: int, of: int) -> BadLine:
    return BadLine(
        "short_record",
        f"record: {left} fields instead of {of}",
        lambda cells: csv_line(dict(list(cells.items())[:left])),
    )


def long_record(extra: str, of: int) -> BadLine:
    return BadLine(
        "long_record",
        f"record: {of + 1} fields instead of {of}",
        lambda cells: csv_line(cells | {"_extra": extra}),
    )


def unquoted_comma(column: str, of: int) -> BadLine:
    """The classic: somebody joined the cells with commas and one of them held a comma."""
    return BadLine(
        "unquoted_comma",
        f"record: {of + 1} fields instead of {of}",
        lambda cells: _with_raw(cells, {column: "{}, new"}, strip=',"'),
    )


def broken_json(kind: str, spoil: Callable[[str], str]) -> BadLine:
    return BadLine(kind, _MALFORMED_JSON, lambda cells: spoil(json_line(cells)))


def unknown_field(kind: str, rename: tuple[str, str] | None, added: Cells) -> BadLine:
    """A field that the contract does not know: added, or a known one under another name."""

    def write(cells: Cells) -> str:
        old, new = rename or ("", "")
        return json_line({new if name == old else name: value for name, value in cells.items()} | added)

    return BadLine(kind, "record: unknown field", write)


def nan_value(column: str) -> BadLine:
    return BadLine(
        "json_nan", _MALFORMED_JSON, lambda cells: json.dumps(cells | {column: float("nan")}, ensure_ascii=False)
    )


def python_repr() -> BadLine:
    return BadLine("single_quotes", _MALFORMED_JSON, repr)


def double_key(column: str) -> BadLine:
    """The same key twice with different values: which one is meant?"""
    return BadLine(
        "double_key",
        _MALFORMED_JSON,
        lambda cells: f"{json_line(cells)[:-1]}, {json.dumps(column)}: {json.dumps('')}}}",
    )


def _with_raw(cells: Cells, templates: dict[str, str], strip: str = "") -> str:
    """Join the cells, quoted where needed, but put those of the templates in as they are."""
    parts = []
    for name, value in cells.items():
        bare = value.translate(str.maketrans("", "", '"' + strip))
        parts.append(templates[name].format(bare) if name in templates else csv_cell(value))
    return ",".join(parts)
