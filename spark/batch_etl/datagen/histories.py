"""The versions of customers and products, in arrays: a million of them as objects would take most of a gigabyte."""

from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from batch_etl.datagen import words
from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.rows import Customer, Product

CATEGORIES = tuple(goods.category for goods in words.GOODS)
# Seconds since day 0 of the calendar stay below 2 ** 38 until the year 8700.
_MOMENT_BITS = 38
_NUMBER, _BEGIN, _CONTENT, _FIGURES = 0, 1, 2, 3


class History:
    """All versions of one kind by number and moment, with the figures that totals need. Complete when first read."""

    def __init__(self, *figures: str) -> None:
        self._figures = figures
        self._parts = [np.zeros((0, _FIGURES + len(figures)), dtype=np.int64)]

    def add(self, versions: Iterable[tuple[int, ...]]) -> None:
        """Versions as version_of gives them, in any order."""
        self._parts.append(np.array(list(versions), dtype=np.int64).reshape(-1, _FIGURES + len(self._figures)))

    @cached_property
    def _rows(self) -> Numbers:
        """By number and moment; the first of each number holds since ever."""
        rows = np.concatenate(self._parts)
        self._parts = []
        return rows[np.lexsort((rows[:, _BEGIN], rows[:, _NUMBER]))]

    @cached_property
    def _is_first(self) -> NDArray[np.bool_]:
        numbers = self._rows[:, _NUMBER]
        return np.append(True, numbers[1:] != numbers[:-1])[: len(numbers)]

    @cached_property
    def _keys(self) -> Numbers:
        begins = np.where(self._is_first, 0, self._rows[:, _BEGIN])
        return (self._rows[:, _NUMBER] << _MOMENT_BITS) | begins

    @property
    def members(self) -> int:
        """How many numbers there are."""
        return int(self._is_first.sum())

    def standing(self, figure: str = "") -> Numbers:
        """A figure of each version that changes something, the number if none is said; a mere repetition is none."""
        content = self._rows[:, _CONTENT]
        changes = np.append(True, content[1:] != content[:-1])[: len(content)]
        standing: Numbers = self._column(figure)[self._is_first | changes]
        return standing

    def current(self, figure: str) -> Numbers:
        """A figure of the last version of each number."""
        current: Numbers = self._column(figure)[np.append(self._is_first[1:], True)[: len(self._rows)]]
        return current

    def at(self, numbers: Numbers, moments: Numbers) -> Numbers:
        """The places of the versions that hold at these moments; -1 for a number that is not known."""
        found = np.searchsorted(self._keys, (numbers << _MOMENT_BITS) | moments, side="right") - 1
        is_known = (
            (found >= 0) & (self._rows[found, _NUMBER] == numbers) if len(self._rows) else np.zeros(len(found), bool)
        )
        return np.where(is_known, found, -1)

    def figure_at(self, figure: str, found: Numbers, *, unknown: int) -> Numbers:
        """A figure of the versions at these places."""
        return np.append(self._column(figure), unknown)[found]

    def _column(self, figure: str) -> Numbers:
        column: Numbers = self._rows[:, _FIGURES + self._figures.index(figure) if figure else _NUMBER]
        return column


def customer_version(customer: Customer) -> tuple[int, ...]:
    return int(customer.customer_id[1:]), customer.updated_at, _digest(customer[1:-1])


def product_version(product: Product) -> tuple[int, ...]:
    return (
        int(product.product_id[1:]),
        product.updated_at,
        _digest(product[1:-1]),
        CATEGORIES.index(product.category),
        product.list_price,
        product.cost,
        product.stock_quantity,
    )


def _digest(values: object) -> int:
    """The same for equal values, and as good as certainly another for others."""
    return int.from_bytes(blake2b(repr(values).encode(), digest_size=8).digest(), "big") >> 1
