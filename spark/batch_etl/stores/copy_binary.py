"""Rows as COPY reads them in its binary format: rendered by Arrow and numpy as a whole, no value is a Python object.

PostgreSQL takes them in two thirds of the time that it needs for text. Source: its manual on COPY, "Binary Format",
and the function that receives each type.
"""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.errors import LoadFailed
from batch_etl.stores.difference import Table

_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_BYTES = pa.large_binary()
_NOTHING, _JSONB_VERSION = pa.scalar(b"", _BYTES), pa.scalar(b"\1", _BYTES)
_LENGTH, _NULL = ">i4", -1
_TEXTS = ("text", "character varying", "json", "jsonb")
# What a value is cast to, and how it is sent.
_FIXED = {
    "boolean": (pa.bool_(), "u1"),
    "smallint": (pa.int16(), ">i2"),
    "integer": (pa.int32(), ">i4"),
    "bigint": (pa.int64(), ">i8"),
    "double precision": (pa.float64(), ">f8"),
    "date": (pa.date32(), ">i4"),
    "timestamp with time zone": (pa.timestamp("us"), ">i8"),
}
_FIRST_DAY = np.datetime64("2000-01-01")
# Digits of a numeric are sent by four, from the point to either side.
_GROUP, _NEGATIVE = 10_000, 0x4000
# Four whole groups: five do not go into 64 bits.
_MOST_SCALE = 16

# Pieces of a row: how each is sent, and its values.
_Pieces = list[tuple[str, "np.ndarray | int"]]


def as_copy_binary(rows: pa.RecordBatch, table: Table) -> bytes:
    """Render rows for the columns of a table that they name. Raises LoadFailed where its type cannot hold one.

    Each value follows its length in bytes. Neighbours of fixed length are laid into one block for all rows; texts, and
    what may be null, stand between the blocks.
    """
    joined: list[pa.Array] = []
    pending: _Pieces = [(">i2", rows.num_columns)]
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        try:
            length, value = _rendered(column, table.types[name])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            where = f"warehouse: {table.name}.{name} is {table.types[name]}"
            raise LoadFailed(f"{where}, the mart has {column.type}: {error}") from error
        pending.append((_LENGTH, length))
        if isinstance(value, pa.Array):
            joined += [_block(pending, len(rows)), value]
            pending = []
        else:
            pending += value
    joined += [_block(pending, len(rows))] if pending else []
    lines = pc.binary_join_element_wise(*joined, _NOTHING, null_handling="replace", null_replacement=b"")
    size = pc.sum(pc.binary_length(lines)).as_py() or 0
    return b"".join([_BEGIN, lines.buffers()[2].slice(0, size), _END])


def _rendered(column: pa.Array, kind: str) -> tuple["np.ndarray | int", "pa.Array | _Pieces"]:
    """The length of each value, and the values: an array of bytes where their lengths differ."""
    if kind in _TEXTS:
        text = column.cast(pa.large_string()).cast(_BYTES)
        if kind == "jsonb":
            text = pc.binary_join_element_wise(_JSONB_VERSION, text, _NOTHING)
        return pc.binary_length(text).fill_null(_NULL).to_numpy(), text
    pieces = _numeric(column) if kind == "numeric" else _fixed(column, kind)
    size = _layout(pieces).itemsize
    if not column.null_count:
        return size, pieces
    is_there = column.is_valid()
    value = pc.if_else(is_there, _block(pieces, len(column)), pa.scalar(None, _BYTES))
    return np.where(is_there.to_numpy(zero_copy_only=False), size, _NULL), value


def _fixed(column: pa.Array, kind: str) -> _Pieces:
    if kind not in _FIXED:
        raise pa.ArrowNotImplementedError(f"a table is loaded with {', '.join([*_TEXTS, 'numeric', *_FIXED])}")
    wanted, sent = _FIXED[kind]
    if pa.types.is_timestamp(column.type):
        # With its zone each value would be looked up in it: ten times as slow.
        column = column.cast(pa.timestamp(column.type.unit))
    values = column.cast(wanted).fill_null(pa.scalar(False if kind == "boolean" else 0, wanted))
    held = values.to_numpy(zero_copy_only=False)
    return [(sent, (held - _FIRST_DAY).astype(np.int64) if held.dtype.kind == "M" else held)]


def _numeric(column: pa.Array) -> _Pieces:
    if pa.types.is_integer(column.type):
        column = column.cast(pa.decimal128(20, 0))
    if not pa.types.is_decimal128(column.type):
        raise pa.ArrowNotImplementedError("CAST it AS DECIMAL in its query")
    scale = column.type.scale
    values = _unscaled(column.fill_null(pa.scalar(Decimal(0), column.type)))
    size, one = np.abs(values), 10**scale
    whole, part = size // one, size % one
    # As many groups as the largest value has.
    before, after = -(-len(str(whole.max(initial=0))) // 4), -(-scale // 4)
    part = part * 10 ** (4 * after - scale)
    groups = [whole // _GROUP**place % _GROUP for place in reversed(range(before))]
    groups += [part // _GROUP**place % _GROUP for place in reversed(range(after))]
    sign = np.where(values < 0, _NEGATIVE, 0)
    head: _Pieces = [(">i2", len(groups)), (">i2", before - 1), (">i2", sign), (">i2", scale)]
    return [*head, *((">i2", group) for group in groups)]


def _unscaled(column: pa.Array) -> np.ndarray:
    """The digits of decimals as whole numbers: of 64 bits, or Python's where one is too large for them."""
    low: np.ndarray
    low, high = np.frombuffer(column.buffers()[1], np.int64).reshape(-1, 2)[column.offset :][: len(column)].T
    # The smallest number of 64 bits has no opposite; a fraction is filled up to whole groups.
    fits = column.type.scale <= _MOST_SCALE and (high == low >> 63).all() and (low > np.iinfo(np.int64).min).all()
    if fits:
        return low
    whole: np.ndarray = high.astype(object) * 2**64 + low.astype(np.uint64).astype(object)
    return whole


def _block(pieces: _Pieces, rows: int) -> pa.Array:
    """These pieces of every row, as bytes."""
    block = np.empty(rows, _layout(pieces))
    for name, (_, values) in zip(block.dtype.names or (), pieces, strict=True):
        block[name] = values
    offsets = np.arange(rows + 1, dtype=np.int64) * block.dtype.itemsize
    return pa.Array.from_buffers(_BYTES, rows, [None, pa.py_buffer(offsets), pa.py_buffer(block)])


def _layout(pieces: _Pieces) -> np.dtype:
    return np.dtype([(str(place), sent) for place, (sent, _) in enumerate(pieces)])
