"""CSV records by RFC 4180, strictly: a record that bends the rules is named, never repaired."""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc


def parse_csv(records: Sequence[bytes], *, names: Sequence[str], delimiter: str) -> pa.Table:
    """Take records apart into one string column a name.

    records  UTF-8, one record each, without the line feed that ended it
    returns  a column for each name (empty is null), _raw, and _fault: null, or why the record cannot be taken apart
    """
    raw = pa.array(records, pa.binary()).cast(pa.string())
    text = pc.replace_substring_regex(raw, r"\r$", "")
    is_plain = pc.and_(
        pc.invert(pc.match_substring_regex(text, '["\r]')),
        pc.equal(pc.count_substring(text, delimiter), len(names) - 1),
    )
    plain = _split_plain(text.filter(is_plain), width=len(names), delimiter=delimiter)
    careful = _split_carefully(text.filter(pc.invert(is_plain)).to_pylist(), width=len(names), delimiter=delimiter)
    # Both parts stand one behind the other; this brings every record back to its place.
    order = pc.sort_indices(pc.sort_indices(pc.invert(is_plain).cast(pa.int8())))
    parts = [pa.chunked_array([a, b]).take(order) for a, b in zip(plain, careful, strict=True)]
    values = [pc.if_else(pc.equal(part, ""), pa.scalar(None, pa.string()), part) for part in parts[:-1]]
    return pa.table([*values, raw, parts[-1]], names=[*names, "_raw", "_fault"])


def parse_header(record: bytes, *, delimiter: str) -> list[str] | None:
    """The names in a header record, or None where it is malformed."""
    return _fields(record.decode("utf-8").removesuffix("\r"), _field_pattern(delimiter), delimiter)


def _split_plain(text: pa.StringArray, *, width: int, delimiter: str) -> list[pa.Array]:
    values = pc.split_pattern(text, delimiter).flatten()
    columns = [values.take(pa.array(range(i, len(values), width), pa.int64())) for i in range(width)]
    return [*columns, pa.nulls(len(text), pa.string())]


def _split_carefully(lines: list[str], *, width: int, delimiter: str) -> list[pa.Array]:
    pattern = _field_pattern(delimiter)
    rows: list[list[str | None]] = []
    for line in lines:
        fields = _fields(line, pattern, delimiter)
        if fields is None:
            rows.append([None] * width + ["record: malformed CSV"])
        elif len(fields) != width:
            rows.append([None] * width + [f"record: {len(fields)} fields instead of {width}"])
        else:
            rows.append([*fields, None])
    columns = list(zip(*rows, strict=True)) or [()] * (width + 1)
    return [pa.array(column, pa.string()) for column in columns]


def _field_pattern(delimiter: str) -> re.Pattern[str]:
    return re.compile(rf'"((?:[^"]|"")*+)"|([^"\r\n{re.escape(delimiter)}]*+)')


def _fields(line: str, pattern: re.Pattern[str], delimiter: str) -> list[str] | None:
    fields: list[str] = []
    position = 0
    while True:
        match = pattern.match(line, position)
        if match is None:
            return None
        quoted, bare = match.groups()
        fields.append(quoted.replace('""', '"') if quoted is not None else bare)
        position = match.end()
        if position == len(line):
            return fields
        if line[position] != delimiter:
            return None
        position += 1
