"""CSV records by RFC 4180, strictly: a record that bends the rules is named, never repaired."""

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from batch_etl.records.boundaries import TOO_LONG, Records

_MALFORMED = "record: malformed CSV"
# Of a table beside the columns of a file: none of those may have such a name.
OWN_COLUMNS = ("_raw", "_fault")
_BYTE_ORDER_MARK = "\ufeff".encode()

_Places = npt.NDArray[np.int64]


def parse_csv(records: Records, *, names: Sequence[str], delimiter: str) -> pa.Table:
    """Take records of UTF-8 apart into one string column a name.

    delimiter  one character of ASCII
    returns    a column for each name (empty is null), _raw (the text without its line end, null where raw_text() gives
               it back), and _fault: null, or why the record cannot be taken apart
    """
    if not _is_plain(records.lines):
        records = Records(b"", dict(enumerate(records)), records.cut)
    places = np.delete(np.arange(len(records)), list(records.others))
    parts = [*_read(records.lines, None, places, names, delimiter), *_parse_others(records, names, delimiter)]
    table = pa.concat_tables([part for _, part in parts]) if parts else _table(names, pa.array([], pa.string()))
    # The parts stand one behind the other; this brings every record back to its place.
    return table if len(parts) <= 1 else table.take(np.argsort(np.concatenate([places for places, _ in parts])))


def keep_apart(records: Records, *, names: Sequence[str], fault: str) -> pa.Table:
    """Records as parse_csv gives them, none of them taken apart, all for the same reason."""
    # The end of one that was cut may be half a character.
    texts = [record.decode("utf-8", errors="ignore").removesuffix("\r") for record in records]
    return _table(names, pa.array(texts, pa.string()), fault)


def raw_text(records: pa.Table, *, names: Sequence[str], delimiter: str) -> pa.ChunkedArray:
    """The text of each record without its line end. names are those of the file's header, in its order."""
    joined = pc.binary_join_element_wise(
        *(records.column(name) for name in names), delimiter, null_handling="replace", null_replacement=""
    )
    return pc.coalesce(records.column("_raw"), joined)


def parse_header(record: str, *, delimiter: str) -> list[str] | None:
    """The names in a header record, or None where it is malformed."""
    text = record.removesuffix("\r")
    if not re.fullmatch(_legal_pattern(delimiter), text):
        return None
    values = re.findall(rf'(?:^|{re.escape(delimiter)})(?:"((?:[^"]|"")*)"|([^"{re.escape(delimiter)}]*))', text)
    return [quoted.replace('""', '"') or bare for quoted, bare in values]


def _is_plain(lines: bytes) -> bool:
    """Whether every CR belongs to a line end; at another one Arrow's reader would end the line too."""
    return b"\r" not in lines or lines.count(b"\r") == lines.count(b"\r\n")


def _parse_others(records: Records, names: Sequence[str], delimiter: str) -> Iterator[tuple[_Places, pa.Table]]:
    cut = sorted(records.cut)
    if cut:
        too_long = Records.one_by_one(records.others[place] for place in cut)
        yield np.array(cut), keep_apart(too_long, names=names, fault=TOO_LONG)
    places = np.array([place for place in records.others if place not in records.cut], np.int64)
    texts = pa.array([records.others[place].removesuffix(b"\r") for place in places], pa.binary()).cast(pa.string())
    is_legal = pc.match_substring_regex(texts, rf"\A(?:{_legal_pattern(delimiter)})\z")
    legal, broken = texts.filter(is_legal), texts.filter(pc.invert(is_legal))
    mask = is_legal.to_numpy(zero_copy_only=False)
    if len(broken):
        yield places[~mask], _table(names, broken, _MALFORMED)
    yield from _read("\n".join(legal.to_pylist()).encode(), legal, places[mask], names, delimiter)


def _read(
    text: bytes, raw: pa.Array | None, places: _Places, names: Sequence[str], delimiter: str
) -> Iterator[tuple[_Places, pa.Table]]:
    """Let Arrow take legal records apart, and name those with another number of fields.

    raw  the text of each, where it is to be kept; without it there is no quote among them
    """
    if not len(places):
        return
    misfits: list[csv.InvalidRow] = []
    values = _read_with_arrow(text, misfits, names, delimiter, has_quotes=raw is not None)
    lines = np.array([misfit.number - 1 for misfit in misfits], np.int64)
    kept = pa.nulls(len(values), pa.string()) if raw is None else raw.take(np.delete(np.arange(len(raw)), lines))
    if len(values):
        yield np.delete(places, lines), _with_verdict(values, kept, pa.nulls(len(values), pa.string()))
    if misfits:
        faults = [f"record: {misfit.actual_columns} fields instead of {len(names)}" for misfit in misfits]
        yield places[lines], _table(names, pa.array([misfit.text for misfit in misfits], pa.string()), faults)


def _read_with_arrow(
    text: bytes, misfits: list[csv.InvalidRow], names: Sequence[str], delimiter: str, *, has_quotes: bool
) -> pa.Table:
    def set_aside(row: csv.InvalidRow) -> str:
        misfits.append(row)
        return "skip"

    # At the start of what Arrow reads it would be dropped; here it is a character, and an empty line is no row.
    text = b"\n" + text if text.startswith(_BYTE_ORDER_MARK) else text
    return csv.read_csv(
        pa.BufferReader(text),
        # One thread and one block: only then does a row that is set aside know its number.
        csv.ReadOptions(column_names=names, use_threads=False, block_size=len(text) + 1),
        csv.ParseOptions(
            delimiter=delimiter,
            quote_char='"' if has_quotes else False,
            newlines_in_values=has_quotes,
            invalid_row_handler=set_aside,
        ),
        csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]),
    )


def _table(names: Sequence[str], raw: pa.Array, fault: str | Iterable[str] = "") -> pa.Table:
    """Records without values."""
    faults = pa.repeat(fault, len(raw)) if isinstance(fault, str) else pa.array(fault, pa.string())
    values = pa.table([pa.nulls(len(raw), pa.string())] * len(names), names=list(names))
    return _with_verdict(values, raw, faults)


def _with_verdict(values: pa.Table, raw: pa.Array, faults: pa.Array) -> pa.Table:
    return values.append_column("_raw", raw).append_column("_fault", faults)


def _legal_pattern(delimiter: str) -> str:
    mark = re.escape(delimiter)
    value = rf'(?:"(?:[^"]|"")*"|[^"\r\n{mark}]*)'
    return rf"{value}(?:{mark}{value})*"
