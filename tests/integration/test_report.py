"""The report of a real run: every figure is one that the tables give by other means, and nobody's data shows."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from batch_etl.errors import LoadFailed, QualityStopped
from batch_etl.report.stage import summarise
from batch_etl.run import Run, StageResult, run_stage
from batch_etl.stores.lake import count_rows, read_part, write_part
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


def test_every_figure_of_the_run_is_one_that_files_lake_and_audit_give(small: Pipeline) -> None:
    content = told(small, "small")
    sources = list(small.raw.glob("*_small.*"))
    lines = {file.name: len(file.read_bytes().splitlines()) - (file.suffix == ".csv") for file in sources}
    held = {layer: count_rows(small.home / "data/processed" / layer) for layer in ("clean", "quarantine", "duplicates")}
    of_sales = "SELECT COUNT(*), SUM(quantity * unit_price_usd - discount_usd)::text FROM core.fct_sale"
    ((sales, net),) = small.query(of_sales)
    ((failed,),) = small.query("SELECT COUNT(*) FROM audit.quality_results WHERE NOT is_passed")
    ((began,),) = small.query("SELECT MIN(started_at) FROM audit.stage_runs")

    assert datetime.fromisoformat(content["figures"].pop("started_at")) == began
    assert {name: figure for name, figure in content["figures"].items() if name != "read_at"} == {
        **{"triggered_by": None, "outcome": "published", "release": 1, "visible_release": 1, "restored_from": None},
        **dict.fromkeys(("unjudged_records", "judged_again_records", "judged_again_files"), 0),
        **{"source_files": 3, "seen_files": 0, "refused_files": 0},
        **{"source_records": sum(lines.values()), "clean_records": held["clean"], "failed_checks": failed},
        **{"quarantined_records": held["quarantine"], "duplicate_records": held["duplicates"]},
        **{"sales": sales, "net_usd": net},
    }
    assert {row["file_name"]: row["records"] for row in content["files"]} == lines
    for outcome in ("clean", "quarantined", "duplicate"):
        of_files = sum(row[f"{outcome}_records"] for row in content["files"])
        assert of_files == content["figures"][f"{outcome}_records"]
    for row in content["batches"]:
        clean = count_rows(small.home / "data/processed/clean" / row["dataset"])
        of_dataset = next(told for told in content["datasets"] if told["dataset"] == row["dataset"])
        assert (row["batches"], row["clean_records"]) == (1, clean)
        assert (of_dataset["released_batches"], of_dataset["released_clean_records"]) == (1, clean)
        assert (of_dataset["files"], of_dataset["refused_files"]) == (1, 0)


def test_every_stage_tells_the_rows_and_seconds_that_came_and_went(small: Pipeline) -> None:
    stages = {stage["stage"]: stage for stage in told(small, "small")["stages"]}
    clean = count_rows(small.home / "data/processed/clean")
    rows = sum(count for count, _ in small.contents().values())
    source = told(small, "small")["figures"]["source_records"]

    counts = {name: (stage["records_in"], stage["records_out"]) for name, stage in stages.items()}
    assert counts == {
        **{"data_ingestion": (source, source), "data_cleaning": (source, clean), "data_transformation": (clean, rows)},
        **{"data_loading": (rows, rows), "quality_checks": (rows, rows), "publish": (rows, rows)},
    }
    moments = small.query("SELECT stage, started_at, finished_at FROM audit.stage_runs WHERE finished_at IS NOT NULL")
    for name, started, finished in moments:
        if name in counts and stages[name]["seconds"]:
            seconds = (finished - started).total_seconds()
            assert stages[name]["seconds"] == pytest.approx(seconds)
            assert stages[name]["records_per_second"] == pytest.approx(counts[name][0] / seconds, abs=1)


def test_the_key_figures_and_the_warehouse_are_what_the_sales_say(small: Pipeline) -> None:
    content = told(small, "small")

    of_sales = "SELECT COUNT(*), SUM(quantity * unit_price_usd - discount_usd)::text FROM core.fct_sale"
    ((sales, net),) = small.query(of_sales)
    assert (content["figures"]["sales"], content["figures"]["net_usd"]) == (sales, net)
    by_day = small.query("""
        SELECT sold_on::text, COUNT(*), SUM(quantity), COUNT(DISTINCT customer_id), SUM(net_usd)::text,
            SUM(quantity * unit_price_usd)::text, SUM(ROUND(quantity * unit_price_usd * discount_rate, 2))::text
        FROM core.fct_sale GROUP BY sold_on ORDER BY sold_on
    """)
    columns = ("sold_on", "orders", "units", "customers", "net_usd", "gross_usd", "discount_usd")
    assert [tuple(day[column] for column in columns) for day in content["days"]] == by_day
    by_category = small.query("""
        SELECT category, COUNT(*), SUM(quantity), SUM(net_usd)::text,
            (SUM(net_usd) - SUM(quantity * cost_usd))::text
        FROM core.fct_sale
        INNER JOIN core.dim_product USING (product_key) GROUP BY category ORDER BY SUM(net_usd) DESC, category
    """)
    columns = ("category", "orders", "units", "net_usd", "margin_usd")
    assert [tuple(row[column] for column in columns) for row in content["categories"]] == by_category


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
    rows = [[table, f"{count:,}", "0", "0"] for table, (count, _) in small.contents().items() if count]
    assert sorted(page.rows("changes")) == sorted(rows)
    results = small.query("SELECT check_name, severity, is_passed, message FROM audit.quality_results")
    columns = ("check_name", "severity", "is_passed", "message")
    assert sorted(tuple(check[column] for column in columns) for check in content["checks"]) == sorted(results)


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
    (file,) = (loaded.home / "data/processed/quarantine/customers").rglob("*.parquet")
    told = read_part(file)
    raw = '{"customer_id":"C1","full_name":"Eve Secret","email":"eve.secret","city":"Bonn"}'
    broken = {"_raw": [raw] * told.num_rows, "_reasons": [["email: bad: eve.secret"]] * told.num_rows}
    for name, values in broken.items():
        told = told.set_column(told.column_names.index(name), told.field(name), [values])
    write_part(told, file)

    loaded.run("r1", stages=["daily_summary"])

    for report in reports(loaded).iterdir():
        assert "ecret" not in report.read_text(encoding="utf-8"), report
    assert '"full_name": "***"' in "".join(shown(loaded, "r1").text)


def test_a_stopped_run_says_so_first_and_the_index_tells_it_from_the_others(loaded: Pipeline) -> None:
    loaded.query("UPDATE staging.fct_sale_t1 SET gross_usd = gross_usd + 1, discount_usd = discount_usd + 1")
    with pytest.raises(QualityStopped):
        loaded.run("r1", stages=["quality_checks"])
    loaded.run("r1", stages=["daily_summary"])

    page = shown(loaded, "r1")
    words = " ".join(" ".join(page.text).split())
    assert words.index("NOT published (stopped)") < words.index("fct_sale_amounts") < words.index("Records read")
    assert page.rows("failed_checks")[0][0] == "fct_sale_amounts"
    index = Page.read((reports(loaded) / "index.html").read_text(encoding="utf-8"))
    assert [row[2] for row in index.rows("runs")] == ["NOT published (stopped), there is no release yet"]
    assert ("href", "r1.html") in index.attributes


def test_a_run_that_was_not_published_tells_why_its_own_records_are_in_quarantine(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    later = (loaded.raw / "sales_1.csv").read_text().replace("S0000000", "S0000001").replace(",moon,", ",mars,")
    (loaded.raw / "sales_2.csv").write_text(later)
    loaded.run("r2", stages=("data_ingestion", "data_cleaning"))

    def fail(_: Run) -> StageResult:
        raise LoadFailed("no such <mart>")

    with pytest.raises(LoadFailed):
        run_stage(Run("r2", "data_transformation", "all", loaded.settings), fail)
    loaded.run("r2", stages=["daily_summary"])

    content, page = told(loaded, "r2"), shown(loaded, "r2")
    assert content["figures"]["outcome"] == "failed"
    # The files of the run before were found again; what is published holds nothing of the new one.
    of_sales = {row["reason"]: row["records"] for row in content["reasons"] if row["dataset"] == "sales"}
    assert of_sales == dict.fromkeys(
        ("quantity: not an integer", "discount_rate: missing", "region: not an allowed value"), 2
    )
    assert {sample["source_file"] for sample in content["samples"]} >= {"sales_1.csv", "sales_2.csv"}
    words = " ".join(" ".join(page.text).split())
    assert words.index("NOT published (failed), release 1 stays") < words.index("LoadFailed: no such <mart>")


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


def test_a_stage_tells_its_memory_and_the_bytes_of_the_files_that_it_read_and_wrote(small: Pipeline) -> None:
    stages = {stage["stage"]: stage for stage in told(small, "small")["stages"]}

    def size(*patterns: str) -> int:
        files = {file for pattern in patterns for file in small.home.glob(f"data/{pattern}") if file.is_file()}
        return sum(file.stat().st_size for file in files)

    judged = [f"processed/{layer}/**/*" for layer in ("clean", "quarantine", "duplicates")]
    of_files = {stage: (told["bytes_in"], told["bytes_out"]) for stage, told in stages.items() if told["bytes_in"]}
    loaded, in_staging = of_files.pop("data_loading")
    assert loaded == size("processed/mart/*/[!l]*/**/*.parquet")
    # A page of the server, or more, for each table.
    assert (in_staging % 8192, in_staging > 0) == (0, True)
    assert of_files == {
        "data_ingestion": (size("raw/*_small.*"), size("processed/ingested/**/*")),
        "data_cleaning": (size("processed/ingested/**/*"), size(*judged)),
        "data_transformation": (size("processed/clean/**/*"), size("processed/mart/**/*")),
    }
    # The summary is read while it is being made.
    ended = [stage for stage in stages.values() if stage["state"] == "done"]
    assert len(ended) >= 6
    assert all(stage["peak_memory_bytes"] > 10_000_000 for stage in ended)
