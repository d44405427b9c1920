"""Totals of the marts about customers."""

from collections import defaultdict

from batch_etl.datagen.figures import UNKNOWN, Figures, Totals, half_up, sums_of, total_of
from batch_etl.datagen.star import Star
from batch_etl.datagen.world import scaled_text

_FIFTHS = 5


def customer_value(star: Star) -> Totals:
    last = max(star.days, default=0)
    per_order = sum(half_up(bought.net, bought.orders) for bought in star.by_customer.values())
    scores = str(_sum_of_fifths(len(star.by_customer.keys() - {UNKNOWN})))
    return {
        "rows": len(star.by_customer),
        "sums": {
            "recency_days": str(sum(last - day for day in star.last_day_of.values())),
            "lifetime_days": str(sum(day - star.first_day_of[name] for name, day in star.last_day_of.items())),
            **sums_of(total_of(star.by_customer), orders="orders", units="units", net="net_usd"),
            "net_per_order_usd": scaled_text(per_order, 2),
            **dict.fromkeys(("recency_score", "frequency_score", "monetary_score"), scores),
        },
    }


def cohort_retention(star: Star) -> Totals:
    sizes: dict[int, int] = defaultdict(int)
    active: dict[tuple[int, int], int] = defaultdict(int)
    figures: dict[int, Figures] = defaultdict(Figures)
    for months in star.by_buyer.values():
        cohort = min(months)
        sizes[cohort] += 1
        for month, bought in months.items():
            active[cohort, month - cohort] += 1
            figures[cohort].add(bought)
    retained = sum(half_up(10_000 * customers, sizes[cohort]) for (cohort, _), customers in active.items())
    return {
        "rows": len(active),
        "sums": {
            "months_since": str(sum(since for _, since in active)),
            "cohort_customers": str(sum(sizes[cohort] for cohort, _ in active)),
            "customers": str(sum(active.values())),
            **sums_of(total_of(figures), orders="orders", net="net_usd"),
            "retention_pct": scaled_text(retained, 2),
        },
    }


def _sum_of_fifths(count: int) -> int:
    """So many customers numbered by fifths, 1 to 5; where they do not divide evenly, the first fifths have one more."""
    each, more = divmod(count, _FIFTHS)
    return sum(fifth * (each + (fifth <= more)) for fifth in range(1, _FIFTHS + 1))
