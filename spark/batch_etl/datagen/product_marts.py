"""Totals of the mart about products."""

import numpy as np

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.figures import Totals, half_up
from batch_etl.datagen.star import UNKNOWN_PRODUCT, Star
from batch_etl.datagen.world import scaled_text


def product_performance(star: Star) -> Totals:
    # Every product that is known has a row, and the unknown one too, with sales or without.
    rows = star.products.members + 1
    in_category = np.append(np.bincount(star.products.current("category")), 1)
    sold = star.by_product.present()
    sold = sold[(sold != UNKNOWN_PRODUCT) & (star.by_product["net"][sold] != 0)]
    net, cost = star.by_product["net"][sold], star.by_product["cost"][sold]
    return {
        "rows": rows,
        "sums": {
            **star.by_product.earnings(UNKNOWN_PRODUCT),
            "margin_pct": scaled_text(int(half_up(10_000 * (net - cost), net).sum()), 2),
            "net_rank": str(int(_places(np.array(rows)))),
            "margin_rank": str(int(_places(np.array(rows)))),
            "category_rank": str(int(_places(in_category).sum())),
        },
    }


def _places(counts: Numbers) -> Numbers:
    """1 + 2 + … + count."""
    return counts * (counts + 1) // 2
