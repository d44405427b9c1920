"""Marts are written in this process, or by the cluster: alike, and not at all where a row would be lost or doubled."""

import shutil
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batch_etl.errors import ConfigurationError
from batch_etl.stores import mart_tables
from batch_etl.stores.lake import count_rows_of
from tests.integration.pipeline import Pipeline
from tests.integration.test_incremental import computed_months, contents, deliver, mart

BY_CLUSTER, HERE = 0, mart_tables.MOST_BYTES_HERE


def add_query(pipeline: Pipeline, name: str, text: str) -> None:
    (pipeline.home / f"sql/transformations/{name}.sql").write_text(text, encoding="utf-8")


def files_of_marts(pipeline: Pipeline) -> list[Path]:
    return [file for table in mart(pipeline).glob("marts.*") for file in table.rglob("*.parquet")]


def test_what_the_cluster_writes_is_what_is_written_here(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(loaded, "a later version that moves a sale from February to April")
    computed_months(loaded, "here")
    here = contents(loaded)
    assert {file.name for file in files_of_marts(loaded)} == {"part-00000.parquet"}
    shutil.rmtree(mart(loaded))
    monkeypatch.setattr(mart_tables, "MOST_BYTES_HERE", BY_CLUSTER)

    assert computed_months(loaded, "by the cluster") == ["2025-02", "2025-04"]

    assert contents(loaded) == here
    assert {"part-00000.parquet"} < {file.name for file in files_of_marts(loaded)}


@pytest.mark.parametrize("most_bytes_here", [BY_CLUSTER, HERE])
@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "SELECT sold FROM fct_sale",
            r"\[UNRESOLVED_COLUMN.*`sold` cannot be resolved.*; line 1 pos 7; mend the query$",
        ),
        ("SELECT quantity / (quantity - quantity) AS n FROM fct_sale", r"\[DIVIDE_BY_ZERO\].*; mend the query$"),
        ("SELECT CAST(region AS INT) AS n FROM fct_sale", r"\[CAST_INVALID_INPUT\](?!.*north).*; mend the query$"),
    ],
)
def test_a_query_that_cannot_be_computed_is_told_with_its_file(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch, most_bytes_here: int, query: str, told: str
) -> None:
    add_query(loaded, "mine", query)
    monkeypatch.setattr(mart_tables, "MOST_BYTES_HERE", most_bytes_here)

    with pytest.raises(ConfigurationError, match=rf"^sql/transformations/mine\.sql: {told}"):
        loaded.run("r1", stages=["data_transformation"])


@pytest.mark.parametrize("header", ["", "-- Computed: for each month of sold_on.\n"])
def test_rows_that_are_too_many_for_one_process_are_written_by_the_cluster(
    loaded: Pipeline, spark: SparkSession, header: str
) -> None:
    query = "SELECT sold_on, EXPLODE(SEQUENCE(1, 10000)) AS number FROM fct_sale"
    add_query(loaded, "repeated", f"{header}{query}")
    settings = spark.sparkContext._jsc.sc().conf()
    before = settings.get("spark.driver.maxResultSize", "1g")
    settings.set("spark.driver.maxResultSize", "64k")
    try:
        computed_months(loaded, "too many")
    finally:
        settings.set("spark.driver.maxResultSize", before)

    files = [file for file in files_of_marts(loaded) if "marts.repeated" in str(file)]
    assert "part-00000.parquet" not in {file.name for file in files}
    assert sum(map(count_rows_of, files)) == 10_000 * sum(map(count_rows_of, mart(loaded).glob("core.fct_sale/*/*")))


@pytest.mark.parametrize("most_bytes_here", [BY_CLUSTER, HERE])
@pytest.mark.parametrize(
    ("day", "told"),
    [
        ("NULLIF(sold_on, DATE'2025-03-01')", "is empty"),
        ("sold_on - INTERVAL 1 MONTH", "is in 2025-02, computed from the sales of 2025-03"),
    ],
)
def test_a_month_whose_sales_give_rows_of_no_month_or_another_one_is_an_error(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch, most_bytes_here: int, day: str, told: str
) -> None:
    query = f"SELECT {day} AS due_on, COUNT(*) AS sales FROM fct_sale GROUP BY 1"  # noqa: S608 - drawn above
    add_query(loaded, "due_days", f"-- Computed: for each month of due_on.\n{query}")
    computed_months(loaded, "whole")
    deliver(loaded, "a sale in a month of its own")
    monkeypatch.setattr(mart_tables, "MOST_BYTES_HERE", most_bytes_here)

    with pytest.raises(ConfigurationError, match=rf"^marts\.due_days: has rows whose due_on {told}; .* leave out"):
        computed_months(loaded, "by month")


@pytest.mark.parametrize(
    ("span", "kind"),
    [
        ("MAX(sold_on) - MIN(sold_on)", "interval day"),
        ("INTERVAL 1 MONTH", "interval month"),
        ("MAKE_INTERVAL(1)", "interval"),
    ],
)
def test_an_interval_is_refused_before_it_is_a_number_of_something(loaded: Pipeline, span: str, kind: str) -> None:
    add_query(loaded, "spans", f"SELECT {span} AS span, COUNT(*) AS sales FROM fct_sale")  # noqa: S608 - drawn above

    with pytest.raises(ConfigurationError, match=rf"^sql/transformations/spans\.sql: span is {kind}, .* DATEDIFF"):
        computed_months(loaded, "spans")
