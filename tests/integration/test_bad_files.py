"""One bad record sinks no neighbour, one bad file no run: what becomes of them, through landing and cleaning."""

import gzip
import os
import re
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from batch_etl.errors import SourceFileRefused
from batch_etl.stores.lake import read_part
from tests.integration.conftest import CUSTOMERS
from tests.integration.pipeline import AFTER_LOADING, Pipeline

HEADER = "sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method\n"
FIRST_STAGES = ("data_ingestion", "data_cleaning")


def sale(number: int) -> str:
    return f"S{number:08},C0000001,P000001,2,10.05,0.1,2025-03-05T10:00:00Z,north,card\n"


def test_a_bad_record_leaves_its_neighbours_alone(pipeline: Pipeline) -> None:
    for name, bad in {
        "unclosed quote": '"S1,C1,\n',
        "stray quote": 'S1,C"1,P\n',
        "quote that the next line closes": 'S1,"C1\n',
        "short": "S1,C1\n",
        "long": sale(9).replace("\n", ",more\n"),
        "too long": "S1," + "x" * 9_000_000 + "\n",
        "nine megabytes in quotes": '"S1","' + ("x" * 999_999 + "\n") * 9 + '"\n',
    }.items():
        follows = '"S00000002"' + sale(2)[9:] if name == "quote that the next line closes" else sale(2)
        (pipeline.raw / f"sales_{name}.csv").write_text(HEADER + sale(1) + bad + follows + sale(3), encoding="utf-8")

    pipeline.run("r1", stages=FIRST_STAGES)

    pipeline.shows(
        """
        SELECT source_file, source_records, clean_records, quarantined_records
        FROM audit.batch_ledger ORDER BY source_file
        """,
        """
        source_file                               | source_records | clean_records | quarantined_records
        sales_long.csv                            | 4              | 3             | 1
        sales_nine megabytes in quotes.csv        | 13             | 3             | 10
        sales_quote that the next line closes.csv | 3              | 2             | 1
        sales_short.csv                           | 4              | 3             | 1
        sales_stray quote.csv                     | 4              | 3             | 1
        sales_too long.csv                        | 4              | 3             | 1
        sales_unclosed quote.csv                  | 4              | 3             | 1
        """,
    )


def test_a_cell_of_200_megabytes_is_quarantined_cut_and_its_neighbours_are_loaded(pipeline: Pipeline) -> None:
    ann, *_ = CUSTOMERS.splitlines()
    for name, before, cell, after in (
        ("sales_1.csv", HEADER + sale(1), ('S00000002,"', '"'), sale(3)),
        ("customers_1.json", f"{ann}\n", ('{"customer_id": "', '"}'), f"{ann}\n"),
    ):
        with (pipeline.raw / name).open("w", encoding="utf-8") as file:
            file.write(before + cell[0])
            file.writelines("x" * 1_000_000 for _ in range(200))
            file.write(f"{cell[1]}\n{after}")

    pipeline.run("r1", stages=FIRST_STAGES)

    pipeline.shows(
        """
        SELECT source_file, source_records, clean_records, duplicate_records, quarantined_records
        FROM audit.batch_ledger ORDER BY source_file
        """,
        """
        source_file      | source_records | clean_records | duplicate_records | quarantined_records
        customers_1.json | 3              | 1             | 1                 | 1
        sales_1.csv      | 3              | 2             | 0                 | 1
        """,
    )
    files = (pipeline.home / "data/processed/quarantine").rglob("*.parquet")
    kept = [row for file in files for row in read_part(file).to_pylist()]
    told = [(row["_record_number"], row["_reasons"], len(row["_raw"])) for row in kept]
    assert told == [(2, ["record: longer than 8388608 bytes"], 8_388_608)] * 2


def test_a_document_that_is_nested_deep_is_quarantined_whole(pipeline: Pipeline) -> None:
    ann, *_ = CUSTOMERS.splitlines()
    bad = [ann.replace('"ann@example.org"', f'{"[" * depth}"\\u0000"{"]" * depth}') for depth in (500, 600, 900, 5000)]
    (pipeline.raw / "customers_1.json").write_text("\n".join([*bad, ann]), encoding="utf-8")

    pipeline.run("r1")

    assert pipeline.query("SELECT raw, reasons FROM quarantine.records ORDER BY record_number") == [
        (raw, ["record: malformed JSON"]) for raw in bad
    ]
    pipeline.shows("SELECT email FROM core.dim_customer WHERE customer_key != -1", "email\nann@example.org")


def test_archives_arrays_and_empty_tables_are_files_like_others(pipeline: Pipeline) -> None:
    documents = CUSTOMERS.strip().splitlines()
    (pipeline.raw / "sales_1.csv.gz").write_bytes(gzip.compress((HEADER + sale(1) + sale(2)).encode()))
    (pipeline.raw / "customers_1.json").write_text("[\n  " + ",\n  ".join(documents) + "\n]\n", encoding="utf-8")
    (pipeline.raw / "sales_header_only.csv").write_text(HEADER, encoding="utf-8")

    pipeline.run("r1", stages=FIRST_STAGES)

    pipeline.shows(
        "SELECT source_file, source_records, clean_records FROM audit.batch_ledger ORDER BY source_file",
        """
        source_file           | source_records | clean_records
        customers_1.json      | 4              | 2
        sales_1.csv.gz        | 2              | 2
        sales_header_only.csv | 0              | 0
        """,
    )


def test_a_contract_that_reads_otherwise_takes_landed_files_apart_again(pipeline: Pipeline) -> None:
    (pipeline.raw / "sales_1.csv").write_text(HEADER + sale(1), encoding="utf-8")
    (pipeline.raw / "sales_2.csv").write_text(HEADER.replace("\n", ",till\n") + sale(2).replace("\n", ",7\n"))
    pipeline.run("r1", stages=FIRST_STAGES)
    pipeline.shows("SELECT source_file FROM audit.batch_ledger", "source_file\nsales_1.csv")

    say_in_sales(pipeline.home, "driftPolicy", "evolve")
    again = pipeline.run("r2", stages=FIRST_STAGES)

    assert [result.records_in for result in again.values()] == [2, 2]
    pipeline.shows(
        "SELECT DISTINCT source_file, clean_records FROM audit.batch_ledger ORDER BY source_file",
        "source_file | clean_records\nsales_1.csv | 1\nsales_2.csv | 1",
    )
    assert all(result.is_nothing_new for result in pipeline.run("r3", stages=FIRST_STAGES).values())


def test_a_bad_file_stops_the_run_where_its_contract_says_so(pipeline: Pipeline) -> None:
    (pipeline.raw / "sales_1.csv").write_text(HEADER + sale(1), encoding="utf-8")
    (pipeline.raw / "sales_2.csv").write_text("id\n1\n", encoding="utf-8")
    say_in_sales(pipeline.home, "onRefusedFile", "stop")

    with pytest.raises(
        SourceFileRefused, match=r"sales_2\.csv: header: .*; by its contract \(onRefusedFile\) no run"
    ) as stop:
        pipeline.run("r1", stages=FIRST_STAGES)
    assert stop.value.dataset == "sales"

    pipeline.shows(
        "SELECT file_name, state FROM audit.source_files ORDER BY file_name",
        "file_name | state\nsales_1.csv | landed\nsales_2.csv | refused",
    )
    pipeline.shows("SELECT stage, state FROM audit.stage_runs", "stage | state\ndata_ingestion | failed")
    (pipeline.raw / "sales_2.csv").unlink()
    assert pipeline.run("r2", stages=FIRST_STAGES)["data_cleaning"].records_out == 1


def say_in_sales(home: Path, name: str, value: str) -> None:
    """Put a custom property into the contract of sales."""
    file = home / "config/contracts/sales.odcs.yaml"
    text = file.read_text(encoding="utf-8")
    custom = f"    customProperties:\n      - property: {name}\n        value: {value}\n"
    assert name not in text
    file.write_text(text.replace("    customProperties:\n", custom, 1), encoding="utf-8")


def test_many_small_files_are_one_job_a_stage(pipeline: Pipeline, spark: SparkSession) -> None:
    """A kilobyte each. 10,000 of them take a minute and a half: SMALL_FILES=10000 ./test.sh -k many_small_files"""
    many = int(os.environ.get("SMALL_FILES", "2000"))
    for number in range(many):
        lines = [sale(20 * number + place) for place in range(13)]
        lines[number % 13] = "broken\n"
        (pipeline.raw / f"sales_{number}.csv").write_text(HEADER + "".join(lines), encoding="utf-8")

    for stage in FIRST_STAGES:
        spark.sparkContext.setJobGroup(stage, "many small files")
        pipeline.run("r1", stages=(stage,))
        assert len(spark.sparkContext.statusTracker().getJobIdsForGroup(stage)) == 1

    pipeline.shows(
        """
        SELECT source_records, clean_records, quarantined_records, COUNT(*) AS files
        FROM audit.batch_ledger GROUP BY 1, 2, 3
        """,
        f"""
        source_records | clean_records | quarantined_records | files
        13             | 12            | 1                   | {many}
        """,
    )


def test_the_report_names_every_file_that_was_refused_or_ignored(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    (loaded.raw / "sales_2.csv").write_text(HEADER.replace("region", "Region") + sale(9), encoding="utf-8")
    (loaded.raw / "readme.txt").write_text("read me", encoding="utf-8")

    loaded.run("r2")

    report = (loaded.home / "data/processed/reports/r2.txt").read_text(encoding="utf-8")
    assert re.search(
        r"sales_2.csv +refused +- +- +- +- +sales_2.csv: header: missing region; unknown Region; for 'Region'", report
    )
    assert re.search(r"readme.txt +ignored +- +- +- +- +readme.txt: no contract's path matches; rename it", report)
