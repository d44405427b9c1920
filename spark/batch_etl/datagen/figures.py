"""What sales add up to, exactly: money in cents, sums as decimal text."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_etl.datagen.world import scaled_text

Totals = dict[str, Any]

UNKNOWN = "unknown"
_SCALES = {"orders": 0, "units": 0, "gross": 2, "discount": 2, "net": 2, "cost": 2}


@dataclass(slots=True)
class Figures:
    """What one sale or many add up to."""

    orders: int = 0
    units: int = 0
    gross: int = 0
    discount: int = 0
    net: int = 0
    cost: int = 0

    def add(self, other: "Figures") -> None:
        self.orders += other.orders
        self.units += other.units
        self.gross += other.gross
        self.discount += other.discount
        self.net += other.net
        self.cost += other.cost


def total_of(groups: Mapping[Any, Figures]) -> Figures:
    total = Figures()
    for figures in groups.values():
        total.add(figures)
    return total


def sums_of(total: Figures, **columns: str) -> dict[str, str]:
    """Figures under the names of their columns."""
    return {column: scaled_text(getattr(total, name), _SCALES[name]) for name, column in columns.items()}


def earnings(groups: Mapping[str, Figures]) -> dict[str, str]:
    """Sums over groups of sales; what the unknown product cost and earned is not known and adds nothing."""
    known = total_of({name: figures for name, figures in groups.items() if name != UNKNOWN})
    return {
        **sums_of(total_of(groups), orders="orders", units="units", net="net_usd"),
        "cost_usd": scaled_text(known.cost, 2),
        "margin_usd": scaled_text(known.net - known.cost, 2),
    }


def half_up(amount: int, count: int) -> int:
    """amount through count, half a unit rounded away from zero."""
    rounded = (2 * abs(amount) + count) // (2 * count)
    return rounded if amount >= 0 else -rounded
