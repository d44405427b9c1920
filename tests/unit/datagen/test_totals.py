"""Totals of the warehouse, against sums by hand and against a plain recomputation from the raw files."""

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from batch_etl.datagen.files import SIZES
from batch_etl.datagen.histories import CATEGORIES, History
from batch_etl.datagen.marts import table_totals
from batch_etl.datagen.rows import Customer, Product, Sale
from batch_etl.datagen.sale_rows import SaleRows
from batch_etl.datagen.star import Star
from batch_etl.datagen.world import SECONDS_A_DAY
from tests.unit.datagen.recompute import recomputed

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
    star.add_customers(
        [Customer("C1", "Zoé", "z@example.com", None, "Lyon", "FR", "consumer", 1, moment("2024-05-01"))]
    )
    star.add_products([product("P1", "garden", 300, "2025-03-01T12:00:00")])
    star.add_products([product("P1", "home", 200, "2024-03-01T00:00:00")])
    star.add_sales(
        SaleRows.of(
            [
                sale("C1 P1", quantity=3, price=1_005, rate=1_000, at="2025-03-01T11:59:59"),
                sale("C1 P1", quantity=1, price=100, rate=0, at="2025-03-01T12:00:00"),
                sale("C8 P1", quantity=1, price=1_020, rate=1_250, at="2025-03-03T00:00:00"),
            ]
        )
    )
    star.add_sales(SaleRows.of([sale("C9 P9", quantity=2, price=50, rate=0, at="2025-03-03T23:59:59")]))
    return star


def test_a_sale_meets_the_version_that_held_in_its_second(star: Star) -> None:
    groups = star.categories.present()
    names = [[*CATEGORIES, "unknown"][group] for group in groups]
    assert dict(zip(names, star.categories["cost"][groups], strict=True)) == {"home": 600, "garden": 600, "unknown": 0}


def test_the_first_version_of_a_product_holds_since_ever(star: Star) -> None:
    found = star.products.at(np.array([1]), np.array([moment("2001-01-01")]))
    assert star.products.figure_at("cost", found, unknown=0).tolist() == [200]


def test_a_number_that_is_not_known_has_no_version(star: Star) -> None:
    assert star.products.at(np.array([0, 2, 9]), np.array([moment("2025-01-01")] * 3)).tolist() == [-1, -1, -1]
    assert Star().products.at(np.array([1]), np.array([0])).tolist() == [-1]


def test_a_version_that_repeats_the_one_before_it_is_none() -> None:
    history = History("cost")
    history.add([(1, 300, 7, 30), (1, 100, 8, 20), (2, 100, 7, 10)])
    history.add([(1, 200, 8, 20), (1, 400, 8, 20)])

    assert history.standing("cost").tolist() == [20, 30, 20, 10]
    assert history.current("cost").tolist() == [20, 10]


def test_half_a_cent_of_discount_is_rounded_up(star: Star) -> None:
    # 30.15 at a tenth is 3.015; 10.20 at an eighth is 1.275.
    assert star.by_product["discount"][1] == 302 + 0 + 128


def test_an_empty_star_has_totals_too() -> None:
    totals = table_totals(Star())
    assert {table["rows"] for name, table in totals.items() if name.startswith("marts.")} == {0, 1}


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
    # C1: 28.13 over 2 is 14.065, so 14.07; the unknown: 9.92 over 2.
    assert totals["marts.customer_value"]["sums"]["net_per_order_usd"] == "19.03"
    # 38.05 over 4 is 9.5125.
    assert totals["marts.monthly_sales"]["sums"]["net_per_order_usd"] == "9.51"
    assert totals["marts.region_sales"]["sums"]["net_share_pct"] == "100.00"
    assert totals["marts.cohort_retention"]["sums"]["cohort_customers"] == "3"
    assert totals["marts.customer_value"]["sums"]["recency_score"] == "1"


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
