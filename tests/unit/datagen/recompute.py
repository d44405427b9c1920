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
        "marts.monthly_sales": totals(
            [row | {"net_per_order_usd": half_up(row["net_usd"] / row["orders"])} for row in grouped(sales, "month")],
            ["orders", "units", "customers", *AMOUNTS, "net_per_order_usd"],
        ),
        "marts.region_sales": regions(sales),
        "marts.customer_value": values(sales),
        "marts.cohort_retention": cohorts(sales),
    }


def half_up(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def dimension(versions: list[Row], key: str) -> dict[str, list[Row]]:
    """The versions of each id from the earliest to the latest, and the unknown member."""
    by_key: dict[str, list[Row]] = {"unknown": [{"category": "unknown"}]}
    for row in sorted(versions, key=lambda row: row["updated_at_utc"]):
        by_key.setdefault(row[key], []).append(row)
    standing = {name: [row for i, row in enumerate(group) if changes(group, i)] for name, group in by_key.items()}
    return {
        name: [row | {"key": name, "is_current": row is group[-1]} for row in group] for name, group in standing.items()
    }


def changes(versions: list[Row], place: int) -> bool:
    """Whether a version says something else than the one before it."""
    return not place or any(
        versions[place][column] != versions[place - 1][column]
        for column in versions[place]
        if column != "updated_at_utc"
    )


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
        "month": row["sold_at_utc"].strftime("%Y-%m"),
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
        "first_sold_on": min(row["sold_on"] for row in group),
        "last_sold_on": max(row["sold_on"] for row in group),
    }


def performance(sales: list[Row], products: dict[str, list[Row]]) -> Row:
    sold = {row["name"]: row for row in grouped(sales, "product")}
    nothing = dict.fromkeys(EARNINGS, 0)
    rows = [sold.get(name, nothing) | {"category": versions[-1]["category"]} for name, versions in products.items()]
    places: dict[str, int] = defaultdict(int)
    for place, row in enumerate(rows, start=1):
        places[row["category"]] += 1
        # Whoever comes first, the places of a list add up to the same.
        row |= {"net_rank": place, "margin_rank": place, "category_rank": places[row["category"]]}
        has_margin = row["net_usd"] and row["margin_usd"] is not None
        row["margin_pct"] = half_up(100 * row["margin_usd"] / row["net_usd"]) if has_margin else None
    return totals(rows, [*EARNINGS, "margin_pct", "net_rank", "margin_rank", "category_rank"])


def regions(sales: list[Row]) -> Row:
    rows = []
    for month in {row["month"] for row in sales}:
        of_month = grouped([row for row in sales if row["month"] == month], "region")
        net = sum(row["net_usd"] for row in of_month)
        rows += [row | {"net_share_pct": half_up(100 * row["net_usd"] / net)} for row in of_month]
    return totals(rows, ["orders", "units", "customers", "net_usd", "net_share_pct"])


def values(sales: list[Row]) -> Row:
    rows = [
        row
        | {
            "lifetime_days": (row["last_sold_on"] - row["first_sold_on"]).days,
            "net_per_order_usd": half_up(row["net_usd"] / row["orders"]),
        }
        for row in grouped(sales, "customer")
    ]
    somebody = [row for row in rows if row["name"] != "unknown"]
    scores = ["recency_score", "frequency_score", "monetary_score"]
    for score, by in zip(scores, ("last_sold_on", "orders", "net_usd"), strict=True):
        for row in somebody:
            row[score] = 1 + 5 * sum(other[by] < row[by] for other in somebody) // len(somebody)
    return totals(rows, ["lifetime_days", "orders", "units", "net_usd", "net_per_order_usd", *scores])


def cohorts(sales: list[Row]) -> Row:
    bought: dict[str, list[Row]] = defaultdict(list)
    for row in sales:
        bought[row["customer_id"]].append(row)
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for of_customer in bought.values():
        cohort = min(row["month"] for row in of_customer)
        for row in of_customer:
            groups[cohort, row["month"]].append(row)
    rows = []
    for (cohort, month), group in groups.items():
        first = summed(groups[cohort, cohort])["customers"]
        row = summed(group) | {"cohort_customers": first, "months_since": months_between(cohort, month)}
        rows.append(row | {"retention_pct": half_up(Decimal(100) * row["customers"] / first)})
    return totals(rows, ["months_since", "cohort_customers", "customers", "orders", "net_usd", "retention_pct"])


def months_between(first: str, second: str) -> int:
    begin, end = ([int(part) for part in month.split("-")] for month in (first, second))
    return 12 * (end[0] - begin[0]) + end[1] - begin[1]


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
