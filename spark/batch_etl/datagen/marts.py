"""Rows and sums of every table of the warehouse, from the star.

Sums are decimal text, exact. is_true counts the rows in which a boolean column holds, unknown those that point at the
unknown member.
"""

from collections import Counter, defaultdict

from batch_etl.datagen.customer_marts import cohort_retention, customer_value
from batch_etl.datagen.figures import Figures, Totals, earnings, half_up, sums_of, total_of
from batch_etl.datagen.product_marts import product_performance
from batch_etl.datagen.star import Star, month_of
from batch_etl.datagen.world import scaled_text

_SATURDAY = 6


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
    rows = sum(1 for _ in star.customers.standing()) + 1
    return {"rows": rows, "sums": {}, "is_true": {"is_current": len(star.customers) + 1}}


def _dim_product(star: Star) -> Totals:
    versions = list(star.products.standing())
    return {
        "rows": len(versions) + 1,
        "sums": {
            "list_price_usd": scaled_text(sum(version.list_price for version in versions), 2),
            "cost_usd": scaled_text(sum(version.cost for version in versions), 2),
            "stock_quantity": str(sum(version.stock_quantity for version in versions)),
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
    total = total_of(star.days)
    return {
        "rows": total.orders,
        "sums": {
            "quantity": str(total.units),
            "unit_price_usd": scaled_text(star.unit_price, 2),
            "discount_rate": scaled_text(star.discount_rate, 4),
            **sums_of(total, gross="gross_usd", discount="discount_usd", net="net_usd"),
        },
        "unknown": {"customer_key": star.unknown_customers, "product_key": star.unknown_products},
    }


def _daily_sales(star: Star) -> Totals:
    sums = sums_of(
        total_of(star.days), orders="orders", units="units", gross="gross_usd", discount="discount_usd", net="net_usd"
    )
    return {"rows": len(star.days), "sums": sums | {"customers": str(sum(map(len, star.buyers.values())))}}


def _category_sales(star: Star) -> Totals:
    return {"rows": len(star.categories), "sums": earnings(star.categories)}


def _monthly_sales(star: Star) -> Totals:
    months: dict[int, Figures] = defaultdict(Figures)
    for day, figures in star.days.items():
        months[month_of(day)].add(figures)
    columns = {"orders": "orders", "units": "units", "gross": "gross_usd", "discount": "discount_usd", "net": "net_usd"}
    per_order = sum(half_up(figures.net, figures.orders) for figures in months.values())
    return {
        "rows": len(months),
        "sums": {
            **sums_of(total_of(months), **columns),
            "customers": str(sum(map(len, star.by_buyer.values()))),
            "net_per_order_usd": scaled_text(per_order, 2),
        },
    }


def _region_sales(star: Star) -> Totals:
    net_of: Counter[int] = Counter()
    for (month, _), figures in star.by_region.items():
        net_of[month] += figures.net
    shares = sum(half_up(10_000 * f.net, net_of[month]) for (month, _), f in star.by_region.items() if net_of[month])
    return {
        "rows": len(star.by_region),
        "sums": {
            **sums_of(total_of(star.by_region), orders="orders", units="units", net="net_usd"),
            "customers": str(sum(map(len, star.region_buyers.values()))),
            "net_share_pct": scaled_text(shares, 2),
        },
    }
