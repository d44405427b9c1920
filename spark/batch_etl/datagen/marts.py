"""Rows and sums of every table of the warehouse, from the star.

Sums are decimal text, exact. is_true counts the rows in which a boolean column holds, unknown those that point at the
unknown member.
"""

import numpy as np

from batch_etl.datagen import words
from batch_etl.datagen.customer_marts import cohort_retention, customer_value
from batch_etl.datagen.figures import Totals, half_up
from batch_etl.datagen.product_marts import product_performance
from batch_etl.datagen.star import UNKNOWN_CATEGORY, Star
from batch_etl.datagen.world import scaled_text

_SATURDAY = 6
_BY_TIME = {"orders": "orders", "units": "units", "gross": "gross_usd", "discount": "discount_usd", "net": "net_usd"}


def table_totals(star: Star) -> dict[str, Totals]:
    """Totals of core.* and marts.* by table."""
    return {
        "core.dim_customer": _dim_customer(star),
        "core.dim_product": _dim_product(star),
        "core.dim_date": _dim_date(star),
        "core.fct_sale": _fct_sale(star),
        "marts.daily_sales": _daily_sales(star),
        "marts.monthly_sales": _monthly_sales(star),
        "marts.region_sales": _region_sales(star),
        "marts.category_sales": _category_sales(star),
        "marts.product_performance": product_performance(star),
        "marts.customer_value": customer_value(star),
        "marts.cohort_retention": cohort_retention(star),
    }


def _dim_customer(star: Star) -> Totals:
    # One more than the files tell of: the unknown customer.
    rows = len(star.customers.standing()) + 1
    return {"rows": rows, "sums": {}, "is_true": {"is_current": star.customers.members + 1}}


def _dim_product(star: Star) -> Totals:
    sums = {figure: int(star.products.standing(figure).sum()) for figure in ("list_price", "cost", "stock_quantity")}
    return {
        "rows": len(star.products.standing()) + 1,
        "sums": {
            "list_price_usd": scaled_text(sums["list_price"], 2),
            "cost_usd": scaled_text(sums["cost"], 2),
            "stock_quantity": str(sums["stock_quantity"]),
        },
        "is_true": {"is_current": star.products.members + 1},
    }


def _dim_date(star: Star) -> Totals:
    days = list(star.calendar())
    weeks = [day.isocalendar() for day in days]
    return {
        "rows": len(days),
        "sums": {
            "calendar_year": str(sum(day.year for day in days)),
            "quarter_of_year": str(sum((day.month + 2) // 3 for day in days)),
            "month_of_year": str(sum(day.month for day in days)),
            "iso_week": str(sum(week.week for week in weeks)),
            "day_of_month": str(sum(day.day for day in days)),
            "iso_weekday": str(sum(week.weekday for week in weeks)),
        },
        "is_true": {"is_weekend": sum(week.weekday >= _SATURDAY for week in weeks)},
    }


def _fct_sale(star: Star) -> Totals:
    return {
        "rows": star.days.total("orders"),
        "sums": {
            "quantity": str(star.days.total("units")),
            "unit_price_usd": scaled_text(star.unit_price, 2),
            "discount_rate": scaled_text(star.discount_rate, 4),
            **star.days.sums(gross="gross_usd", discount="discount_usd", net="net_usd"),
        },
        "unknown": star.unknown,
    }


def _daily_sales(star: Star) -> Totals:
    sums = star.days.sums(**_BY_TIME)
    return {"rows": len(star.days.present()), "sums": sums | {"customers": str(star.buyers.count_daily())}}


def _category_sales(star: Star) -> Totals:
    return {"rows": len(star.categories.present()), "sums": star.categories.earnings(UNKNOWN_CATEGORY)}


def _monthly_sales(star: Star) -> Totals:
    orders, net = star.by_month()
    return {
        "rows": len(orders),
        "sums": {
            **star.days.sums(**_BY_TIME),
            "customers": str(star.buyers.count_monthly()),
            "net_per_order_usd": scaled_text(int(half_up(net, orders).sum()), 2),
        },
    }


def _region_sales(star: Star) -> Totals:
    present = star.by_region.present()
    months, net = present // len(words.REGIONS), star.by_region["net"][present]
    net_of_month = np.zeros(int(months.max(initial=0)) + 1, dtype=np.int64)
    np.add.at(net_of_month, months, net)
    has_share = net_of_month[months] > 0
    shares = half_up(10_000 * net[has_share], net_of_month[months][has_share])
    return {
        "rows": len(present),
        "sums": {
            **star.by_region.sums(orders="orders", units="units", net="net_usd"),
            "customers": str(star.buyers.count_by_month_and_region()),
            "net_share_pct": scaled_text(int(shares.sum()), 2),
        },
    }
