"""The star and the marts of a size from its raw files, by loops over dictionaries that a reader can follow."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from tests.unit.datagen.judge import judge_file

PROJECT = Path(__file__).resolve().parents[3]
AMOUNTS = ["gross_usd", "discount_usd", "net_usd"]
EARNINGS = ["orders", "units", "net_usd", "cost_usd", "margin_usd"]
Row = dict[str, Any]


def recomputed(size: str) -> dict[str, Row]:
    """Rows, sums and counts of every table, in the shape of the answer key."""
    clean = {}
    for dataset, name in (("customers", "customer_data_{}.json"), ("products", "products_data_{}.csv"),
                          ("sales", "sales_data_{}.csv")):  # fmt: skip
        contract = PROJECT / f"config/contracts/{dataset}.odcs.yaml"
        verdicts = judge_file(PROJECT / "data/raw" / name.format(size), contract)
        clean[dataset] = [verdict.values for verdict in verdicts if verdict.outcome == "clean"]
    customers = dimension(clean["customers"], "customer_id")
    products = dimension(clean["products"], "product_id")
    sales = [facts(row, customers, products) for row in clean["sales"]]
    last_day = max(row["sold_on"] for row in sales)
    return {
        "core.dim_customer": totals(chain(*customers.values()), [], ["is_current"]),
        "core.dim_product": totals(
            chain(*products.values()), ["list_price_usd", "cost_usd", "stock_quantity"], ["is_current"]
        ),
        "core.dim_date": calendar(sales),
        "core.fct_sale": totals(sales, ["quantity", "unit_price_usd", "discount_rate", *AMOUNTS])
        | {
            "unknown": {f"{name}_key": sum(row[name] == "unknown" for row in sales) for name in ("customer", "product")}
        },
        "marts.daily_sales": totals(grouped(sales, "sold_on"), ["orders", "units", "customers", *AMOUNTS]),
        "marts.category_sales": totals(grouped(sales, "category"), EARNINGS),
        "marts.product_performance": performance(sales, products),
        "marts.customer_value": totals(
            [
                row
                | {
                    "recency_days": (last_day - row["last_sold_on"]).days,
                    "net_per_order_usd": half_up(row["net_usd"] / row["orders"]),
                }
                for row in grouped(sales, "customer")
            ],
            ["recency_days", "orders", "units", "net_usd", "net_per_order_usd"],
        ),
    }


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def dimension(versions: list[Row], key: str) -> dict[str, list[Row]]:
    """The versions of each id from the earliest to the latest, and the unknown member."""
    by_key: dict[str, list[Row]] = {"unknown": [{"category": "unknown"}]}
    for row in sorted(versions, key=lambda row: row["updated_at_utc"]):
        by_key.setdefault(row[key], []).append(row)
    return {
        name: [row | {"key": name, "is_current": row is group[-1]} for row in group] for name, group in by_key.items()
    }


def facts(row: Row, customers: dict[str, list[Row]], products: dict[str, list[Row]]) -> Row:
    version = version_at(products, row["product_id"], row["sold_at_utc"])
    gross = row["quantity"] * row["unit_price_usd"]
    discount = half_up(gross * row["discount_rate"])
    cost = row["quantity"] * version["cost_usd"] if "cost_usd" in version else None
    return row | {
        "customer": version_at(customers, row["customer_id"], row["sold_at_utc"])["key"],
        "product": version["key"],
        "category": version["category"],
        "sold_on": row["sold_at_utc"].date(),
        "gross_usd": gross,
        "discount_usd": discount,
        "net_usd": gross - discount,
        "cost_usd": cost,
    }


def version_at(dimension: dict[str, list[Row]], key: str, at: datetime) -> Row:
    if key not in dimension:
        return dimension["unknown"][0]
    begun = [version for version in dimension[key] if version["updated_at_utc"] <= at]
    return begun[-1] if begun else dimension[key][0]


def grouped(sales: list[Row], by: str) -> list[Row]:
    groups = defaultdict(list)
    for row in sales:
        groups[row[by]].append(row)
    return [summed(group) | {"name": name} for name, group in groups.items()]


def summed(group: list[Row]) -> Row:
    costs = [row["cost_usd"] for row in group if row["cost_usd"] is not None]
    net = sum(row["net_usd"] for row in group)
    return {
        "orders": len(group),
        "units": sum(row["quantity"] for row in group),
        "customers": len({row["customer_id"] for row in group}),
        "gross_usd": sum(row["gross_usd"] for row in group),
        "discount_usd": sum(row["discount_usd"] for row in group),
        "net_usd": net,
        "cost_usd": sum(costs) if costs else None,
        "margin_usd": net - sum(costs) if costs else None,
        "last_sold_on": max(row["sold_on"] for row in group),
    }


def performance(sales: list[Row], products: dict[str, list[Row]]) -> Row:
    sold = {row["name"]: row for row in grouped(sales, "product")}
    nothing = dict.fromkeys(EARNINGS, 0)
    rows = [sold.get(name, nothing) for name in products]
    return totals([row | {"net_rank": place} for place, row in enumerate(rows, start=1)], [*EARNINGS, "net_rank"])


def calendar(sales: list[Row]) -> Row:
    years = {row["sold_on"].year for row in sales}
    days, day = [], date(min(years), 1, 1)
    while day.year <= max(years):
        days.append(day)
        day += timedelta(days=1)
    of: dict[str, Callable[[date], int]] = {
        "calendar_year": lambda d: d.year,
        "quarter_of_year": lambda d: (d.month - 1) // 3 + 1,
        "month_of_year": lambda d: d.month,
        "iso_week": lambda d: int(d.strftime("%V")),
        "day_of_month": lambda d: d.day,
        "iso_weekday": lambda d: d.isoweekday(),
    }
    sums = {column: sum(map(value, days)) for column, value in of.items()}
    return {
        "rows": len(days),
        "sums": sums,
        "is_true": {"is_weekend": sum(d.strftime("%a") in "Sat Sun" for d in days)},
    }


def totals(found: Iterable[Row], columns: Iterable[str], flags: Iterable[str] = ()) -> Row:
    rows = list(found)
    sums = {column: sum(row[column] for row in rows if row.get(column) is not None) for column in columns}
    return {"rows": len(rows), "sums": sums, "is_true": {flag: sum(row[flag] for row in rows) for flag in flags}}
