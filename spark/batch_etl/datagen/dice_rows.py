"""Many dice side by side: row n draws what Dice of the n-th name draws, all rows at once."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
_Pools = NDArray[np.uint64]

_LIMB_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFF_FFFF)


class DiceRows:
    """Rows of Dice. Whole numbers only, so every platform and every version of NumPy draws the same.

    A pool of 512 bits is held as 16 limbs of 32, the highest first. A row has no second digest: a record draws about
    130 bits, and that fewer than 64 of the others are set by then happens once in 2 ** 300 records.
    """

    def __init__(self, prefix: str, numbers: Iterable[int]) -> None:
        base = blake2b(prefix.encode())
        digests = bytearray()
        for number in numbers:
            # A copy of what is common to all names: half the price of hashing each from its beginning.
            row = base.copy()
            row.update(b"%d" % number)
            digests += row.digest()
        limbs = np.frombuffer(digests, dtype=">u4").reshape(-1, 16)
        self._pools: _Pools = limbs.T.astype(np.uint64)

    def below(self, limit: int | Numbers) -> Numbers:
        """Draw from 0 to limit - 1, each alike; a limit for all rows or one for each, at most 2 ** 32."""
        return _draw(self._pools, np.asarray(limit).astype(np.uint64))

    def below_in(self, rows: Numbers, limit: int | Numbers) -> Numbers:
        """The same in some rows only; the pools of the others stay as they are. Returns as many draws as rows."""
        pools = self._pools[:, rows]
        drawn = _draw(pools, np.asarray(limit).astype(np.uint64))
        self._pools[:, rows] = pools
        return drawn

    def each_below(self, *limits: int) -> list[Numbers]:
        """Draw below one limit after the other; in one pass, which their product may not make longer than 32 bits."""
        left = self.below(int(np.prod(limits, dtype=np.int64)))
        drawn = []
        for limit in limits:
            left, remainder = np.divmod(left, limit)
            drawn.append(remainder)
        return drawn

    def popular_in(self, rows: Numbers, count: Numbers) -> Numbers:
        """Draw from 1 to count by Zipf's law with exponent 1: number n about 1/n as often as number 1.

        An octave first, then a number within it: every octave of a 1/n law weighs the same.
        """
        octave = np.int64(1) << self.below_in(rows, bit_length(count))
        return 1 + (octave + self.below_in(rows, octave) - 1) % count


def _draw(pools: _Pools, limit: Any) -> Numbers:  # noqa: ANN401 - a scalar or an array
    """Divide each pool by its limit, where it stands, and return the remainders: long division, limb by limb."""
    remainder = np.zeros(pools.shape[1], dtype=np.uint64)
    for limb in pools:
        dividend = (remainder << _LIMB_BITS) | limb
        limb[:] = dividend // limit
        remainder = dividend - limb * limit
    return remainder.astype(np.int64)


def places(cumulative: Sequence[int], drawn: Numbers) -> Numbers:
    """The place in the list of running totals of the weights, as Dice.weighted finds it."""
    return np.searchsorted(np.asarray(cumulative), drawn, side="right")


def bit_length(numbers: Numbers) -> Numbers:
    """int.bit_length of numbers from 1 to 2 ** 32."""
    return places([1 << bit for bit in range(33)], numbers)
