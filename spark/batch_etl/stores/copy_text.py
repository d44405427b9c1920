"""Rows as COPY reads them: rendered by Arrow as a whole, no value becomes a Python object."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Backslash first: the others put backslashes in. In COPY's text format a lone \. can then not stand in the data.
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))
_LAST_TO_ESCAPE, _BACKSLASH = ord("\r"), ord("\\")
_TAB, _LINE_END, _NOTHING = (pa.scalar(text, pa.large_string()) for text in ("\t", "\n", ""))


def as_copy_text(rows: pa.RecordBatch) -> pa.Buffer:
    r"""Render rows in the text format of COPY: tabs between, \N for null, every special character escaped.

    A moment is written without its zone, in UTC: the session that reads it has to be in UTC too.
    """
    *columns, last = map(_as_text, rows.columns)
    lines = _joined(*columns, _joined(last, _LINE_END, separator=_NOTHING), separator=_TAB)
    return lines.buffers()[2].slice(0, pc.sum(pc.binary_length(lines)).as_py() or 0)


def _joined(*texts: pa.Array | pa.Scalar, separator: pa.Scalar) -> pa.Array:
    return pc.binary_join_element_wise(*texts, separator, null_handling="replace", null_replacement="\\N")


def _as_text(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        # With its zone each value would be looked up in it: ten times as slow.
        column = column.cast(pa.timestamp(column.type.unit))
    # Offsets of 64 bits: raw records of a quarantine can be long.
    text = column.cast(pa.large_string())
    return _escaped(text) if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) else text


def _escaped(text: pa.Array) -> pa.Array:
    held = text.buffers()[2]
    characters = np.frombuffer(held, np.uint8) if held else np.empty(0, np.uint8)
    if not ((characters <= _LAST_TO_ESCAPE) | (characters == _BACKSLASH)).any():
        return text
    for character, escape in _ESCAPES:
        text = pc.replace_substring(text, character, escape)
    return text
