"""The report of a real run: every figure is one that the tables give by other means, and nobody's data shows."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from batch_etl.errors import QualityStopped
from batch_etl.report.stage import summarise
from batch_etl.run import Run
from tests.integration.pipeline import AFTER_LOADING, Pipeline
from tests.unit.report.page import Page

DIMENSIONS = {"sales": "core.fct_sale", "customers": "core.dim_customer", "products": "core.dim_product"}


def reports(pipeline: Pipeline) -> Path:
    return pipeline.home / "data/processed/reports"


def told(pipeline: Pipeline, run_key: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((reports(pipeline) / f"{run_key}.json").read_text(encoding="utf-8"))
    return content


def shown(pipeline: Pipeline, run_key: str) -> Page:
    return Page.read((reports(pipeline) / f"{run_key}.html").read_text(encoding="utf-8"))


def test_the_way_of_the_records_is_what_files_and_tables_say(small: Pipeline) -> None:
    datasets = {row["dataset"]: row for row in told(small, "small")["datasets"]}

    for dataset, table in DIMENSIONS.items():
        (source,) = small.raw.glob(f"{dataset.removesuffix('s')}*_small.*")
        row = datasets[dataset]
        unknown = 0 if dataset == "sales" else 1
        assert row["size_bytes"] == source.stat().st_size
        # None of the small files holds a line end within a record.
        assert row["source_records"] == len(source.read_bytes().splitlines()) - (source.suffix == ".csv")
        quarantined = "SELECT COUNT(*) FROM quarantine.records WHERE source_file = %s"
        assert [(row["quarantined_records"],)] == small.query(quarantined, source.name)
        assert row["published_rows"] + unknown == small.contents([table])[table][0]
        assert row["source_records"] == row["clean_records"] + row["quarantined_records"] + row["duplicate_records"]


def test_the_key_figures_and_the_warehouse_are_what_the_sales_say(small: Pipeline) -> None:
    content = told(small, "small")

    sales, net = small.query("SELECT COUNT(*), SUM(quantity * unit_price_usd - discount_usd)::text FROM core.fct_sale")[
        0
    ]
    assert (content["figures"]["sales"], content["figures"]["net_usd"]) == (sales, net)
    by_day = small.query("""
        SELECT sold_on::text, COUNT(*), SUM(quantity), COUNT(DISTINCT customer_id), SUM(net_usd)::text
        FROM core.fct_sale GROUP BY sold_on ORDER BY sold_on
    """)
    columns = ("sold_on", "orders", "units", "customers", "net_usd")
    assert [tuple(day[column] for column in columns) for day in content["days"]] == by_day
    by_category = small.query("""
        SELECT category, COUNT(*), SUM(net_usd)::text FROM core.fct_sale
        INNER JOIN core.dim_product USING (product_key) GROUP BY category ORDER BY SUM(net_usd) DESC, category
    """)
    assert [(row["category"], row["orders"], row["net_usd"]) for row in content["categories"]] == by_category


def test_the_reasons_and_their_samples_are_those_of_the_quarantine(small: Pipeline) -> None:
    content = told(small, "small")

    reasons = small.query("""
        SELECT dataset, REGEXP_REPLACE(reason, '^([^:]*: [^:]*).*', '\\1') AS rule, COUNT(*)
        FROM quarantine.records, JSONB_ARRAY_ELEMENTS_TEXT(reasons) AS reason GROUP BY 1, 2
    """)
    assert {(row["dataset"], row["reason"], row["records"]) for row in content["reasons"]} == set(reasons)
    assert {(row["dataset"], row["reason"]) for row in content["samples"]} == {reason[:2] for reason in reasons}


def test_the_page_shows_the_figures_of_the_json(small: Pipeline) -> None:
    content, page = told(small, "small"), shown(small, "small")

    columns = ("source", "clean", "duplicate", "quarantined")
    assert [[row[4], *row[6:9]] for row in page.rows("datasets")] == [
        [f"{row[f'{column}_records']:,}" for column in columns] for row in content["datasets"]
    ]
    assert [row[0] for row in page.rows("stages")] == [stage["stage"] for stage in content["stages"]]
    assert len(page.rows("passed_checks")) == sum(check["is_passed"] for check in content["checks"])
    rows = small.query("SELECT table_name, rows_inserted FROM audit.release_changes WHERE rows_inserted > 0")
    assert {(row[0], row[1].replace(",", "")) for row in page.rows("changes")} == {(t, str(n)) for t, n in rows}


def test_each_mart_tells_what_it_comes_from(small: Pipeline) -> None:
    lineage = {row["mart"]: row for row in told(small, "small")["lineage"]}

    published = small.query("SELECT 'marts.' || tablename FROM pg_tables WHERE schemaname = 'marts'")
    assert lineage.keys() == {table for (table,) in published} - {"marts.daily_summary"}
    assert lineage["marts.daily_sales"]["tables"] == ["core.fct_sale"]
    # Through another mart.
    assert lineage["marts.category_sales"]["tables"] == ["core.dim_product", "core.fct_sale"]
    assert lineage["marts.customer_value"]["tables"] == ["core.dim_customer", "core.fct_sale"]
    assert all(row["datasets"] == {"customers": 1, "products": 1, "sales": 1} for row in lineage.values())


def test_no_personal_value_shows(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    record = '{"customer_id":"C1","full_name":"Eve Secret","email":"eve.secret","city":"Bonn"}'
    loaded.query(
        "UPDATE quarantine.records SET raw = %s, reasons = %s WHERE record_number = 4",
        record,
        '["email: bad: eve.secret"]',
    )

    loaded.run("r1", stages=["daily_summary"])

    for file in reports(loaded).iterdir():
        assert "ecret" not in file.read_text(encoding="utf-8"), file
    assert '"full_name": "***"' in "".join(shown(loaded, "r1").text)


def test_a_stopped_run_says_so_first_and_the_index_tells_it_from_the_others(loaded: Pipeline) -> None:
    loaded.query("UPDATE staging.fct_sale_t1 SET gross_usd = gross_usd + 1, discount_usd = discount_usd + 1")
    with pytest.raises(QualityStopped):
        loaded.run("r1", stages=["quality_checks"])
    loaded.run("r1", stages=["daily_summary"])

    page = shown(loaded, "r1")
    words = " ".join(" ".join(page.text).split())
    assert words.index("NOT published (stopped)") < words.index("fct_sale_amounts") < words.index("Records read")
    index = Page.read((reports(loaded) / "index.html").read_text(encoding="utf-8"))
    assert [row[2] for row in index.rows("runs")] == ["NOT published (stopped), there is no release yet"]
    assert ("href", "r1.html") in index.attributes


def test_a_report_is_written_within_three_seconds_and_is_below_a_megabyte(small: Pipeline) -> None:
    run = Run("small", "daily_summary", "small", small.settings)
    summarise(run)
    began = time.process_time()

    summarise(run)

    assert time.process_time() - began < 3
    assert (reports(small) / "small.html").stat().st_size < 1_000_000


def test_who_triggered_a_run_is_kept(loaded: Pipeline) -> None:
    run = Run("r1", "daily_summary", "all", loaded.settings)
    summarise(run, triggered_by="ann")

    loaded.run("r1", stages=["daily_summary"])

    assert loaded.query("SELECT triggered_by FROM marts.daily_summary") == [("ann",)]
    assert "by ann" in " ".join(" ".join(shown(loaded, "r1").text).split())


def test_a_stage_tells_its_memory_and_the_first_one_its_bytes(small: Pipeline) -> None:
    stages = {stage["stage"]: stage for stage in told(small, "small")["stages"]}

    sizes = [file.stat().st_size for file in small.raw.glob("*_small.*")]
    assert stages["data_ingestion"]["bytes_in"] == sum(sizes)
    # The summary is read while it is being made.
    ended = [stage for stage in stages.values() if stage["state"] == "done"]
    assert len(ended) >= 6
    assert all(stage["peak_memory_bytes"] > 10_000_000 for stage in ended)
