"""Totals of the marts about customers."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.figures import Totals, half_up
from batch_etl.datagen.star import Star
from batch_etl.datagen.world import scaled_text

_FIFTHS = 5
_MANY_MONTHS = 1_000


def customer_value(star: Star) -> Totals:
    buyers = star.buyers
    # A number that is known is known since ever.
    is_known = star.customers.at(buyers.numbers, np.zeros_like(buyers.numbers)) >= 0
    orders = _unknown_as_one(buyers.orders(), np.sum, is_known)
    net = _unknown_as_one(buyers.net(), np.sum, is_known)
    first = _unknown_as_one(buyers.first_days(), np.min, is_known)
    last = _unknown_as_one(buyers.last_days(), np.max, is_known)
    measures = {"recency_score": last, "frequency_score": orders, "monetary_score": net}
    somebody = slice(int(is_known.sum()))
    return {
        "rows": len(orders),
        "sums": {
            "lifetime_days": str(int((last - first).sum())),
            **star.days.sums(orders="orders", units="units", net="net_usd"),
            "net_per_order_usd": scaled_text(int(half_up(net, orders).sum()), 2),
            **{score: str(_sum_of_fifths(values[somebody])) for score, values in measures.items()},
        },
    }


def cohort_retention(star: Star) -> Totals:
    sizes = np.bincount(star.buyers.cohorts())
    cohorts, months_since = star.buyers.visits()
    groups, active = np.unique(cohorts * _MANY_MONTHS + months_since, return_counts=True)
    sizes_of_groups = sizes[groups // _MANY_MONTHS]
    return {
        "rows": len(groups),
        "sums": {
            "months_since": str(int((groups % _MANY_MONTHS).sum())),
            "cohort_customers": str(int(sizes_of_groups.sum())),
            "customers": str(len(cohorts)),
            **star.days.sums(orders="orders", net="net_usd"),
            "retention_pct": scaled_text(int(half_up(10_000 * active, sizes_of_groups).sum()), 2),
        },
    }


def _unknown_as_one(values: Numbers, merge: Callable[..., Any], is_known: NDArray[np.bool_]) -> Numbers:
    """A value a customer; those whom the files do not tell of are the one unknown customer."""
    unknown = values[~is_known]
    return np.append(values[is_known], [merge(unknown)] if len(unknown) else []).astype(np.int64)


def _sum_of_fifths(values: Numbers) -> int:
    """Each value is in a fifth, 1 to 5, by how many of them are less; equal ones are in the same."""
    less = np.searchsorted(np.sort(values), values)
    return int((1 + _FIFTHS * less // max(len(values), 1)).sum())
