"""What sales add up to, exactly: whole cents in arrays of 64 bits, sums as decimal text."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.sale_rows import SaleRows
from batch_etl.datagen.world import scaled_text

Totals = dict[str, Any]
FIGURES = ("orders", "units", "gross", "discount", "net", "cost")
_SCALES = {"orders": 0, "units": 0, "gross": 2, "discount": 2, "net": 2, "cost": 2}


def figures_of(sales: SaleRows, unit_cost: Numbers) -> dict[str, Numbers]:
    """A figure each sale."""
    gross = sales.quantity * sales.unit_price
    # Half up: the rate counts ten-thousandths, so 5,000 of them are half a cent.
    discount = (gross * sales.discount_rate + 5_000) // 10_000
    return {
        "orders": np.ones(len(sales), dtype=np.int64),
        "units": sales.quantity,
        "gross": gross,
        "discount": discount,
        "net": gross - discount,
        "cost": sales.quantity * unit_cost,
    }


@dataclass
class Groups:
    """Figures by group; a group is a place in the arrays, which grow as needed."""

    _sums: dict[str, Numbers] = field(default_factory=lambda: {name: np.zeros(0, dtype=np.int64) for name in FIGURES})

    def add(self, groups: Numbers, figures: dict[str, Numbers]) -> None:
        size = int(groups.max(initial=-1)) + 1
        for name, values in figures.items():
            self._sums[name] = grown(self._sums[name], size)
            np.add.at(self._sums[name], groups, values)

    def __getitem__(self, name: str) -> Numbers:
        return self._sums[name]

    def present(self) -> Numbers:
        """The groups that hold a sale."""
        return np.flatnonzero(self._sums["orders"])

    def total(self, name: str) -> int:
        return int(self._sums[name].sum())

    def sums(self, **columns: str) -> dict[str, str]:
        """Figures of all groups together, under the names of their columns."""
        return {column: scaled_text(self.total(name), _SCALES[name]) for name, column in columns.items()}

    def earnings(self, unknown: int) -> dict[str, str]:
        """Sums over groups of sales; what the unknown product cost and earned is not known and adds nothing."""
        net_of_unknown = int(self["net"][unknown : unknown + 1].sum())
        cost = self.total("cost")
        return {
            **self.sums(orders="orders", units="units", net="net_usd"),
            "cost_usd": scaled_text(cost, 2),
            "margin_usd": scaled_text(self.total("net") - net_of_unknown - cost, 2),
        }


def grown(sums: Numbers, size: int) -> Numbers:
    """The same with room for so many, and for more to come."""
    if size <= len(sums):
        return sums
    # Zeros that nobody has touched take no memory.
    roomy = np.zeros(size + size // 2, dtype=np.int64)
    roomy[: len(sums)] = sums
    return roomy


def half_up(amounts: Numbers, counts: Numbers) -> Numbers:
    """Each amount through its count, half a unit rounded away from zero."""
    rounded: Numbers = np.sign(amounts) * ((2 * np.abs(amounts) + counts) // (2 * counts))
    return rounded
