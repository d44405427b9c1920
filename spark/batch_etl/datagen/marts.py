"""Rows and sums of every table of the warehouse, from the star.

Sums are decimal text, exact. is_true counts the rows in which a boolean column holds, unknown those that point at the
unknown member.
"""

from typing import Any

from batch_etl.datagen.star import UNKNOWN, Figures, Star
from batch_etl.datagen.world import scaled_text

Totals = dict[str, Any]

_SATURDAY = 6
_FIGURE_SCALES = {"orders": 0, "units": 0, "gross": 2, "discount": 2, "net": 2, "cost": 2}


def table_totals(star: Star) -> dict[str, Totals]:
    """Totals of core.* and marts.* by table."""
    return {
        "core.dim_customer": _dim_customer(star),
        "core.dim_product": _dim_product(star),
        "core.dim_date": _dim_date(star),
        "core.fct_sale": _fct_sale(star),
        "marts.daily_sales": _daily_sales(star),
        "marts.category_sales": _category_sales(star),
        "marts.product_performance": _product_performance(star),
        "marts.customer_value": _customer_value(star),
    }


def _dim_customer(star: Star) -> Totals:
    # One more than the files tell of: the unknown customer.
    return {"rows": star.customer_versions + 1, "sums": {}, "is_true": {"is_current": len(star.customers) + 1}}


def _dim_product(star: Star) -> Totals:
    return {
        "rows": star.product_versions + 1,
        "sums": {
            "list_price_usd": scaled_text(star.product_sums["list_price_usd"], 2),
            "cost_usd": scaled_text(star.product_sums["cost_usd"], 2),
            "stock_quantity": str(star.product_sums["stock_quantity"]),
        },
        "is_true": {"is_current": len(star.products) + 1},
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
    total = _total(star.days)
    return {
        "rows": total.orders,
        "sums": {
            "quantity": str(total.units),
            "unit_price_usd": scaled_text(star.unit_price, 2),
            "discount_rate": scaled_text(star.discount_rate, 4),
            **_sums(total, gross="gross_usd", discount="discount_usd", net="net_usd"),
        },
        "unknown": {"customer_key": star.unknown_customers, "product_key": star.unknown_products},
    }


def _daily_sales(star: Star) -> Totals:
    sums = _sums(
        _total(star.days), orders="orders", units="units", gross="gross_usd", discount="discount_usd", net="net_usd"
    )
    return {"rows": len(star.days), "sums": sums | {"customers": str(sum(map(len, star.buyers.values())))}}


def _category_sales(star: Star) -> Totals:
    return {"rows": len(star.categories), "sums": _earnings(star.categories)}


def _product_performance(star: Star) -> Totals:
    # Every product that is known has a row, and the unknown one too, with sales or without.
    rows = len(star.products) + 1
    return {"rows": rows, "sums": _earnings(star.by_product) | {"net_rank": str(rows * (rows + 1) // 2)}}


def _customer_value(star: Star) -> Totals:
    last = max(star.days, default=0)
    per_order = sum(_half_up(bought.net, bought.orders) for bought in star.by_customer.values())
    return {
        "rows": len(star.by_customer),
        "sums": {
            "recency_days": str(sum(last - day for day in star.last_day_of.values())),
            **_sums(_total(star.by_customer), orders="orders", units="units", net="net_usd"),
            "net_per_order_usd": scaled_text(per_order, 2),
        },
    }


def _earnings(groups: dict[str, Figures]) -> dict[str, str]:
    """Sums over groups of sales; what the unknown product cost and earned is not known and adds nothing."""
    known = _total({name: figures for name, figures in groups.items() if name != UNKNOWN})
    return {
        **_sums(_total(groups), orders="orders", units="units", net="net_usd"),
        "cost_usd": scaled_text(known.cost, 2),
        "margin_usd": scaled_text(known.net - known.cost, 2),
    }


def _total(groups: dict[Any, Figures]) -> Figures:
    total = Figures()
    for figures in groups.values():
        total.add(figures)
    return total


def _sums(total: Figures, **columns: str) -> dict[str, str]:
    """Figures under the names of their columns."""
    return {column: scaled_text(getattr(total, name), _FIGURE_SCALES[name]) for name, column in columns.items()}


def _half_up(amount: int, count: int) -> int:
    return (2 * amount + count) // (2 * count)
