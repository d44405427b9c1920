"""Totals of the warehouse, against sums by hand and against a plain recomputation from the raw files."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from batch_etl.datagen.files import SIZES
from batch_etl.datagen.marts import table_totals
from batch_etl.datagen.rows import Customer, Product, Sale
from batch_etl.datagen.star import Star
from batch_etl.datagen.world import SECONDS_A_DAY
from tests.unit.datagen.judge import judge_file

PROJECT = Path(__file__).resolve().parents[3]
Row = dict[str, Any]


def moment(text: str) -> int:
    at = datetime.fromisoformat(text)
    return at.toordinal() * SECONDS_A_DAY + at.hour * 3600 + at.minute * 60 + at.second


def product(product_id: str, category: str, cost: int, updated: str) -> Product:
    return Product(product_id, "Kettle", category, 1_000, cost, 5, None, moment(updated))


def sale(parties: str, *, quantity: int, price: int, rate: int, at: str) -> Sale:
    return Sale("S1", *parties.split(), quantity, price, rate, moment(at), "north", "card")


@pytest.fixture
def star() -> Star:
    """Two versions of one product, one customer, and four sales: one before and one at the change, two unknown."""
    star = Star()
    star.add_customer(Customer("C1", "Zoé", "z@example.com", None, "Lyon", "FR", "consumer", 1, moment("2024-05-01")))
    star.add_product(product("P1", "garden", 300, "2025-03-01T12:00:00"))
    star.add_product(product("P1", "home", 200, "2024-03-01T00:00:00"))
    star.add_sale(sale("C1 P1", quantity=3, price=1_005, rate=1_000, at="2025-03-01T11:59:59"))
    star.add_sale(sale("C1 P1", quantity=1, price=100, rate=0, at="2025-03-01T12:00:00"))
    star.add_sale(sale("C8 P1", quantity=1, price=1_020, rate=1_250, at="2025-03-03T00:00:00"))
    star.add_sale(sale("C9 P9", quantity=2, price=50, rate=0, at="2025-03-03T23:59:59"))
    return star


def test_a_sale_meets_the_version_that_held_in_its_second(star: Star) -> None:
    assert {name: figures.cost for name, figures in star.categories.items()} == {
        "home": 600,
        "garden": 600,
        "unknown": 0,
    }


def test_the_first_version_of_a_product_holds_since_ever(star: Star) -> None:
    assert star.products.at("P1", moment("2001-01-01")) == ("home", 200)


def test_half_a_cent_of_discount_is_rounded_up(star: Star) -> None:
    # 30.15 at a tenth is 3.015; 10.20 at an eighth is 1.275.
    assert star.by_product["P1"].discount == 302 + 0 + 128


def test_hand_drawn_sales_add_up_as_on_paper(star: Star) -> None:
    totals = table_totals(star)
    assert totals["core.fct_sale"] == {
        "rows": 4,
        "sums": {
            "quantity": "7",
            "unit_price_usd": "21.75",
            "discount_rate": "0.2250",
            "gross_usd": "42.35",
            "discount_usd": "4.30",
            "net_usd": "38.05",
        },
        "unknown": {"customer_key": 2, "product_key": 1},
    }
    assert totals["core.dim_date"]["rows"] == 365
    assert totals["core.dim_product"]["rows"] == 3
    assert totals["core.dim_product"]["is_true"] == {"is_current": 2}
    assert totals["marts.daily_sales"]["sums"]["customers"] == "3"
    assert totals["marts.category_sales"] == {
        "rows": 3,
        "sums": {"orders": "4", "units": "7", "net_usd": "38.05", "cost_usd": "12.00", "margin_usd": "25.05"},
    }
    assert totals["marts.product_performance"]["sums"]["net_rank"] == "3"
    # C1: 28.13 over 2 is 14.065, so 14.07; the unknown: 9.92 over 2. C1 bought last two days before the others.
    assert totals["marts.customer_value"]["sums"]["net_per_order_usd"] == "19.03"
    assert totals["marts.customer_value"]["sums"]["recency_days"] == "2"


def test_the_answer_names_every_numeric_and_boolean_column_of_every_table() -> None:
    """A column that no total follows could be filled with anything."""
    tables = json.loads((PROJECT / "data/expected/small.totals.json").read_text(encoding="utf-8"))["tables"]
    ddl = (PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8")
    described = dict(re.findall(r"CREATE TABLE IF NOT EXISTS ((?:core|marts)\.\w+) \((.*?)\n\)", ddl, re.DOTALL))
    described.pop("marts.daily_summary")
    assert set(tables) == {*described, "quarantine.records"}
    for name, body in described.items():
        columns = re.findall(r"^    (\w+) (bigint|integer|numeric|boolean)\b", body, re.MULTILINE)
        wanted = {column for column, _ in columns if not column.endswith("_key")}
        assert {*tables[name]["sums"], *tables[name].get("is_true", {})} == wanted, name


@pytest.mark.parametrize("size", SIZES)
def test_a_plain_recomputation_from_the_raw_files_gives_the_same_totals(size: str) -> None:
    told = json.loads((PROJECT / f"data/expected/{size}.totals.json").read_text(encoding="utf-8"))["tables"]
    del told["quarantine.records"]
    assert {name: figures(table) for name, table in told.items()} == {
        name: figures(table) for name, table in recomputed(size).items()
    }


def figures(table: Row) -> Row:
    sums = {column: Decimal(total) for column, total in table["sums"].items()}
    return {"rows": table["rows"], **sums, **table.get("is_true", {}), **table.get("unknown", {})}


def recomputed(size: str) -> dict[str, Row]:
    """The star and marts as lists of dictionaries, by loops a reader can follow."""
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


AMOUNTS = ["gross_usd", "discount_usd", "net_usd"]
EARNINGS = ["orders", "units", "net_usd", "cost_usd", "margin_usd"]


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
