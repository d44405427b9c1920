"""Totals of the mart about products."""

from collections import Counter

from batch_etl.datagen.figures import UNKNOWN, Totals, earnings, half_up
from batch_etl.datagen.star import Star
from batch_etl.datagen.world import scaled_text


def product_performance(star: Star) -> Totals:
    # Every product that is known has a row, and the unknown one too, with sales or without.
    rows = len(star.products) + 1
    in_category = Counter(product.category for product in star.products.current()) + Counter({UNKNOWN: 1})
    sold = {name: figures for name, figures in star.by_product.items() if name != UNKNOWN and figures.net}
    margins = sum(half_up(10_000 * (figures.net - figures.cost), figures.net) for figures in sold.values())
    return {
        "rows": rows,
        "sums": {
            **earnings(star.by_product),
            "margin_pct": scaled_text(margins, 2),
            "net_rank": str(_places(rows)),
            "margin_rank": str(_places(rows)),
            "category_rank": str(sum(map(_places, in_category.values()))),
        },
    }


def _places(count: int) -> int:
    """1 + 2 + … + count."""
    return count * (count + 1) // 2
