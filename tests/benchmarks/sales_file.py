"""A sales file of any size, about two in a hundred records of it dirty, written in seconds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_HEADER = b"sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method\n"
_CHUNK = 500_000
# The first moment and how long.
Time = tuple[np.datetime64, np.timedelta64]
_DAY = np.timedelta64(1, "D")
_YEAR = (np.datetime64("2025-01-01"), 365 * _DAY)


def write_sales(file: Path, rows: int, *, seed: int = 7, customers: int = 200_000, products: int = 20_000) -> None:
    """Write `rows` records: 1 % break a rule, 0.5 % repeat an earlier record, 0.5 % are another version of one."""
    _write(file, range(rows), time=_YEAR, known=(customers, products), seed=seed)


def write_day(file: Path, numbers: range, *, day: str, seed: int = 8) -> None:
    """Write records of these numbers, all of them of one day."""
    _write(file, numbers, time=(np.datetime64(day), _DAY), known=(200_000, 20_000), seed=seed)


def _write(file: Path, numbers: range, *, time: Time, known: tuple[int, int], seed: int) -> None:
    dice = np.random.default_rng(seed)
    with file.open("wb") as out:
        out.write(_HEADER)
        for first in range(numbers.start, numbers.stop, _CHUNK):
            lines = _lines(dice, np.arange(first, min(first + _CHUNK, numbers.stop)), time, *known)
            out.write(lines.buffers()[2].slice(0, pc.sum(pc.binary_length(lines)).as_py()))


def _lines(dice: np.random.Generator, ids: np.ndarray, time: Time, customers: int, products: int) -> pa.Array:
    begin, length = time
    rows, seconds = len(ids), length.astype("timedelta64[s]").astype(np.uint64)
    # Some sales have the number of the one 100 before: half of those with the same content.
    repeats = (dice.random(rows) < 0.01) & (ids % _CHUNK >= 200) & (ids % 200 >= 100)
    source = np.where(repeats, ids - 100, ids)
    is_copy = repeats & (dice.random(rows) < 0.5)
    content = np.where(is_copy, source, ids).astype(np.uint64) * np.uint64(2654435761) % np.uint64(2**32)
    is_dirty = (dice.random(rows) < 0.01) & ~repeats
    columns = [
        _padded("S", source, 8),
        _padded("C", content % customers, 7),
        _padded("P", content % products, 6),
        pc.if_else(pa.array(is_dirty & (ids % 3 == 0)), "0", pa.array(content % 9 + 1).cast(pa.string())),
        _amount(content % 100_000 + 1, is_dirty & (ids % 3 == 1)),
        pa.array(np.array(["0", "0.05", "0.1", "0.25"], object)[content % 4], pa.string()),
        pc.strftime(pa.array(begin + (content % seconds).astype("timedelta64[s]")), "%Y-%m-%dT%H:%M:%SZ"),
        pc.if_else(
            pa.array(is_dirty & (ids % 3 == 2)),
            "moon",
            pa.array(np.array(["north", "south", "east", "west"], object)[content % 4], pa.string()),
        ),
        pa.array(np.array(["card", "cash", "wallet"], object)[content % 3], pa.string()),
    ]
    return pc.binary_join_element_wise(pc.binary_join_element_wise(*columns, ","), "", "\n")


def _padded(letter: str, numbers: np.ndarray, width: int) -> pa.Array:
    return pc.binary_join_element_wise(letter, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0"), "")


def _amount(cents: np.ndarray, is_missing: np.ndarray) -> pa.Array:
    amount = pc.binary_join_element_wise(pa.array(cents // 100).cast(pa.string()), _padded("", cents % 100, 2), ".")
    return pc.if_else(pa.array(is_missing), "", amount)
