"""Draws that are the same for a name on every machine and in every version of Python."""

from bisect import bisect_right
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

_REFILL_BELOW = 1 << 64


class Dice:
    """An endless row of draws, known by its name alone.

    Not random.Random: seeding it costs more than a whole record here, and only some of its methods promise to stay the
    same. A digest cut up by whole-number division has no such small print, and no floating point.
    """

    __slots__ = ("_name", "_pool", "_refills")

    def __init__(self, name: str) -> None:
        self._name = name
        self._refills = 0
        self._pool = int.from_bytes(blake2b(name.encode()).digest(), "big")

    def below(self, limit: int) -> int:
        """Draw from 0 to limit - 1, each alike."""
        if self._pool < _REFILL_BELOW:
            self._refill()
        self._pool, drawn = divmod(self._pool, limit)
        return drawn

    def between(self, low: int, high: int) -> int:
        """Draw from low to high, both included, each alike."""
        return low + self.below(high - low + 1)

    def one_in(self, count: int) -> bool:
        return self.below(count) == 0

    def pick(self, choices: Sequence[T]) -> T:
        return choices[self.below(len(choices))]

    def weighted(self, cumulative: Sequence[int]) -> int:
        """Draw a place in the list of running totals of the weights."""
        return bisect_right(cumulative, self.below(cumulative[-1]))

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Fisher and Yates: every order alike."""
        shuffled = list(items)
        for last in range(len(shuffled) - 1, 0, -1):
            other = self.below(last + 1)
            shuffled[last], shuffled[other] = shuffled[other], shuffled[last]
        return shuffled

    def _refill(self) -> None:
        self._refills += 1
        self._pool = int.from_bytes(blake2b(f"{self._name}#{self._refills}".encode()).digest(), "big")
