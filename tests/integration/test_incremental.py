"""What is computed for the months that changed equals what is computed as a whole, step by step."""

import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pyarrow import parquet

from batch_etl.contracts.reader import read_contracts
from batch_etl.recompute import Recompute
from batch_etl.stores import changed_sales
from batch_etl.stores.lake import Lake, read_part
from batch_etl.stores.mart import mart_inputs, read_manifest
from tests.integration.conftest import SALES
from tests.integration.pipeline import Pipeline

UP_TO_MART = ("data_ingestion", "data_cleaning", "data_transformation")
HEADER = SALES.splitlines()[0]
PRODUCTS_HEADER = "product_id,product_name,category,list_price_usd,cost_usd,stock_quantity,supplier_name,updated_at_utc"

# What each delivery brings, and the months that it touches when it comes after those above it.
DELIVERIES = {
    "a sale in a month of its own": (
        "sales_2.csv",
        ["S00000010,C0000001,P000001,1,5.00,0,2025-03-01T00:00:00Z,north,card"],
    ),
    "a later version that moves a sale from February to April": (
        "sales_3.csv",
        ["S00000004,C0000009,P000009,2,0.10,0.05,2025-04-03T10:00:00Z,east,wallet"],
    ),
    "an older version of a sale that stays as it is": (
        "sales_4.csv",
        ["S00000005,C0000001,P000001,9,9.99,0,2025-02-09T00:00:00Z,west,voucher"],
    ),
    "the master data of a product that was unknown": (
        "products_2.csv",
        ["P000009,Late,toys,1.00,0.05,1,,2024-01-01T00:00:00Z"],
    ),
    "a version of a product that held within January": (
        "products_3.csv",
        ["P000001,Renamed,home,10.00,6.00,1,,2025-01-03T00:00:00Z"],
    ),
    "a version of a product that nobody bought since": (
        "products_4.csv",
        ["P000002,Plainer,toys,3.00,2.00,7,Maker,2025-12-01T00:00:00Z"],
    ),
}
TOUCHED = (["2025-03"], ["2025-02", "2025-04"], ["2025-02"], ["2025-04"], ["2025-01", "2025-02", "2025-03"], [])


def deliver(pipeline: Pipeline, delivery: str) -> None:
    name, records = DELIVERIES[delivery]
    header = HEADER if name.startswith("sales") else PRODUCTS_HEADER
    (pipeline.raw / name).write_text("\n".join([header, *records, ""]), encoding="utf-8")


def computed_months(pipeline: Pipeline, run_key: str) -> object:
    return pipeline.run(run_key, stages=UP_TO_MART)["data_transformation"].details["months"]


def contents(pipeline: Pipeline) -> dict[str, str]:
    """A hash of the rows of each table of today's mart, the lake's own tables among them."""
    return {table.name: digest(table) for table in mart(pipeline).iterdir() if table.is_dir()}


def mart(pipeline: Pipeline) -> Path:
    contracts = read_contracts(pipeline.home / "config/contracts")
    lake = Lake(pipeline.home / "data/processed")
    return lake.mart(mart_inputs(lake, contracts, pipeline.home).fingerprint)


def digest(table: Path) -> str:
    rows = [str(row) for file in table.rglob("*.parquet") for row in parquet.ParquetFile(file).read().to_pylist()]
    return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()


def computed_whole(pipeline: Pipeline) -> dict[str, str]:
    result = pipeline.run("whole", stages=("data_transformation",), recompute=Recompute(is_full=True))
    assert result["data_transformation"].details["months"] == "all"
    return contents(pipeline)


def test_what_is_small_is_computed_as_a_whole_to_the_same_tables(loaded: Pipeline) -> None:
    deliver(loaded, next(iter(DELIVERIES)))
    months = computed_months(loaded, "by month")
    by_month, lake = contents(loaded), mart(loaded)
    shutil.rmtree(lake)

    loaded.configure(small_bytes="4194304")

    assert (months, computed_months(loaded, "whole")) == (["2025-03"], "all")
    assert contents(loaded) == by_month


def test_a_query_of_all_sales_reads_the_months_that_stay_too(loaded: Pipeline) -> None:
    (loaded.home / "sql/transformations/payments.sql").write_text(
        "SELECT payment_method, COUNT(*) AS sales, (SELECT COUNT(*) FROM daily_sales) AS days "
        "FROM fct_sale GROUP BY payment_method",
        encoding="utf-8",
    )
    computed_months(loaded, "first")
    deliver(loaded, next(iter(DELIVERIES)))

    assert computed_months(loaded, "by month") == ["2025-03"]
    assert contents(loaded) == computed_whole(loaded)


def test_each_delivery_computes_the_months_that_it_touches_and_gives_what_the_whole_gives(loaded: Pipeline) -> None:
    for place, (delivery, months) in enumerate(zip(DELIVERIES, TOUCHED, strict=True)):
        deliver(loaded, delivery)
        assert (delivery, computed_months(loaded, delivery)) == (delivery, months)
        if place % 2:
            assert contents(loaded) == computed_whole(loaded), delivery

    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    as_it_was = contract.read_text(encoding="utf-8")
    contract.write_text(as_it_was.replace("validValues: [card, cash,", "validValues: [card,"), encoding="utf-8")
    # S00000002, paid in cash in January and once more in February, is rejected; the other files say what they said.
    assert computed_months(loaded, "stricter") == ["2025-02"]
    assert contents(loaded) == computed_whole(loaded)
    contract.write_text(as_it_was, encoding="utf-8")
    assert loaded.run("back", stages=UP_TO_MART)["data_transformation"].is_nothing_new


def test_a_newest_month_that_vanishes_is_not_added_up_any_more(loaded: Pipeline) -> None:
    deliver(loaded, "a later version that moves a sale from February to April")
    computed_months(loaded, "moved")
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    without_wallet = re.sub(r"(validValues: \[card.*), wallet", r"\1", contract.read_text(encoding="utf-8"))
    contract.write_text(without_wallet, encoding="utf-8")

    assert "2025-04" in str(computed_months(loaded, "refused"))
    assert not (mart(loaded) / "core.fct_sale/month=2025-04").exists()
    assert contents(loaded) == computed_whole(loaded)


def test_where_another_column_tells_the_later_version_other_sales_stand(loaded: Pipeline) -> None:
    deliver(loaded, "an older version of a sale that stays as it is")
    computed_months(loaded, "by moment")
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("value: [sold_at_utc]", "value: [quantity]"), encoding="utf-8")

    assert computed_months(loaded, "by quantity") == "all"

    files = (mart(loaded) / "core.fct_sale").rglob("*.parquet")
    sales = [sale for file in files for sale in read_part(file).to_pylist()]
    assert [sale["quantity"] for sale in sales if sale["sale_id"] == "S00000005"] == [9]


def test_where_too_much_came_everything_is_computed_again_to_the_same_tables(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changed_sales, "MOST_ARRIVALS", 1)
    deliver(loaded, "a sale in a month of its own")
    assert computed_months(loaded, "one came") == ["2025-03"]
    monkeypatch.setattr(changed_sales, "MOST_ARRIVALS", 0)
    deliver(loaded, "a later version that moves a sale from February to April")

    assert computed_months(loaded, "one more came") == "all"

    at_once = contents(loaded)
    monkeypatch.setattr(changed_sales, "MOST_ARRIVALS", 1)
    shutil.rmtree(mart(loaded))
    assert computed_months(loaded, "again") == ["2025-02", "2025-04"]
    assert contents(loaded) == at_once


def test_months_that_a_delivery_does_not_touch_keep_their_fingerprints(loaded: Pipeline) -> None:
    before = read_manifest(mart(loaded)).parts
    deliver(loaded, "a later version that moves a sale from February to April")
    computed_months(loaded, "late")

    after = read_manifest(mart(loaded)).parts

    assert after.keys() == before.keys()
    assert before["core.fct_sale"].keys() == {"2025-01", "2025-02"}
    same = {table: {part for part in before[table] if before[table][part] == after[table][part]} for table in before}
    assert same["core.fct_sale"] == same["marts.daily_sales"] == {"2025-01"}
    assert same["core.dim_product"] == {""}
    assert same["marts.customer_value"] == set()


def test_the_order_in_which_files_come_changes_nothing(
    loaded_once: Pipeline, tmp_path: Path, clone_database: Callable[..., str]
) -> None:
    names = list(DELIVERIES)
    results = []
    for place, order in enumerate((names, [names[3], names[5], names[2], names[1], names[0], names[4]])):
        pipeline = loaded_once.copy(tmp_path / str(place), clone_database(template=loaded_once.database))
        for first, second in zip(order[::2], order[1::2], strict=True):
            deliver(pipeline, first)
            deliver(pipeline, second)
            assert computed_months(pipeline, f"{first}, {second}") != "all"
        results.append(contents(pipeline))
    assert results[0] == results[1]


def test_months_that_are_asked_for_are_computed_again_from_the_records(loaded: Pipeline) -> None:
    before = contents(loaded)

    results = loaded.run("again", stages=UP_TO_MART, recompute=Recompute("2025-02", ""))

    assert results["data_transformation"].details["months"] == ["2025-02"]
    assert contents(loaded) == before
