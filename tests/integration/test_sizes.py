"""The committed files of every size end exactly as the answers of data/expected say, which no pipeline wrote."""

import csv
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pyarrow import parquet

from batch_etl.contracts.reader import read_contracts
from batch_etl.datagen.expected import compare
from batch_etl.recompute import Recompute
from batch_etl.stores.verification import measure
from tests.integration.pipeline import AFTER_LOADING, PROJECT, STAGES, VISIBLE, Pipeline

FILES = {"sales": "sales_data_{}.csv", "customers": "customer_data_{}.json", "products": "products_data_{}.csv"}

# Stage -> a function in the middle of it, before whose Nth call it is killed.
KILLED_BEFORE = {
    "data_ingestion": ("pathlib:Path", "rename", 2),
    "data_cleaning": ("pathlib:Path", "rename", 4),
    "data_transformation": ("pathlib:Path", "rename", 1),
    "data_loading": ("batch_etl.claim", "mark_loaded", 1),
    "quality_checks": ("batch_etl.claim", "advance", 1),
    "publish": ("batch_etl.release", "record_changes", 1),
}


@pytest.fixture(scope="module")
def medium(medium_staged: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    pipeline = next_copy(medium_staged)
    pipeline.run("medium", size="medium", stages=AFTER_LOADING)
    return pipeline


@pytest.fixture(scope="module")
def large(medium: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    pipeline = next_copy(medium)
    pipeline.run("large", size="large")
    return pipeline


@pytest.fixture(scope="module")
def medium_alone(next_copy: Callable[..., Pipeline], spark: object) -> Pipeline:  # noqa: ARG001 - the stages find it
    pipeline = next_copy()
    pipeline.run("medium", size="medium")
    return pipeline


@pytest.fixture(scope="module")
def large_alone(next_copy: Callable[..., Pipeline], spark: object) -> Pipeline:  # noqa: ARG001 - the stages find it
    pipeline = next_copy()
    pipeline.run("large", size="large")
    return pipeline


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_warehouse_agrees_with_the_answer_in_every_figure(size: str, request: pytest.FixtureRequest) -> None:
    pipeline: Pipeline = request.getfixturevalue(size)
    answer = json.loads((PROJECT / f"data/expected/{size}.totals.json").read_text(encoding="utf-8"))

    with closing(psycopg2.connect(pipeline.dsn)) as connection:
        findings = compare(answer, measure(connection, answer))

    assert [finding for finding in findings if not finding.agrees] == []
    assert {finding.subject for finding in findings} == {*VISIBLE, *(name.format(size) for name in FILES.values())}


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_every_record_ended_as_its_answer_says(size: str, request: pytest.FixtureRequest) -> None:
    pipeline: Pipeline = request.getfixturevalue(size)

    for dataset, name in FILES.items():
        file = PROJECT / "data/expected" / f"{name.format(size)}.answers.csv"
        with file.open(encoding="utf-8", newline="") as answers:
            wanted = {
                int(answer["record_number"]): (answer["outcome"], answer["reasons"])
                for answer in csv.DictReader(answers)
            }
        assert outcomes(pipeline, dataset, name.format(size)) == wanted


def outcomes(pipeline: Pipeline, dataset: str, source_file: str) -> dict[int, tuple[str, str]]:
    """Record number -> where the lake holds it and why, the values left out of the reasons."""
    contract = read_contracts(PROJECT / "config/contracts")[dataset]
    query = "SELECT batch_id FROM audit.source_files WHERE file_name = %s AND state = 'landed'"
    ((batch_id,),) = pipeline.query(query, source_file)
    told: dict[int, tuple[str, str]] = {}
    for layer, outcome in (("clean", "clean"), ("quarantine", "quarantined"), ("duplicates", "duplicate")):
        folder = pipeline.home / f"data/processed/{layer}/{dataset}/contract={contract.fingerprint}/batch={batch_id}"
        for row in read_rows(folder):
            reasons = [row["_kind"]] if layer == "duplicates" else row.get("_reasons", [])
            assert row["_record_number"] not in told
            told[row["_record_number"]] = outcome, "|".join(": ".join(reason.split(": ")[:2]) for reason in reasons)
    return dict(sorted(told.items()))


def read_rows(folder: Path) -> list[dict[str, Any]]:
    wanted = {"_record_number", "_reasons", "_kind"}
    rows = []
    for file in folder.glob("*.parquet"):
        table = parquet.ParquetFile(file).read()
        rows += table.select([name for name in table.column_names if name in wanted]).to_pylist()
    return rows


def test_a_size_after_a_smaller_one_equals_that_size_alone(medium: Pipeline, medium_alone: Pipeline) -> None:
    tables = [table for table in VISIBLE if table != "quarantine.records"]

    assert medium.contents(tables) == medium_alone.contents(tables)


def test_sizes_in_any_order_and_twice_end_as_the_largest_alone(
    large: Pipeline, large_alone: Pipeline, next_copy: Callable[..., Pipeline]
) -> None:
    tables = [table for table in VISIBLE if table != "quarantine.records"]
    alone = large_alone.contents(tables)
    afterwards = next_copy(large_alone)

    for place, size in enumerate(("small", "medium", "small", "large")):
        afterwards.run(f"{place} {size}", size=size)

    assert large.contents(tables) == alone
    assert afterwards.contents(tables) == alone


def test_a_size_whose_stages_are_all_killed_and_tried_again_equals_that_size_alone(
    small: Pipeline, medium_alone: Pipeline, next_copy: Callable[..., Pipeline]
) -> None:
    tables = [table for table in VISIBLE if table != "quarantine.records"]
    killed = next_copy(small)

    for stage, (owner, name, nth) in KILLED_BEFORE.items():
        values = (killed.home, killed.dsn, "medium", "medium", stage, owner, name, nth)
        command = [sys.executable, "-m", "tests.integration.killed_stage", *map(str, values)]
        assert subprocess.run(command, check=False, cwd=PROJECT).returncode == -signal.SIGKILL, stage
        killed.run("medium", size="medium", stages=[stage])

    assert killed.contents(tables) == medium_alone.contents(tables)
    states = "SELECT stage, ARRAY_AGG(state ORDER BY attempt) FROM audit.stage_runs WHERE run_key = 'medium' GROUP BY 1"
    assert dict(killed.query(states)) == {stage: ["running", "done"] for stage in KILLED_BEFORE}


def test_a_full_refresh_publishes_and_changes_no_row(medium: Pipeline, next_copy: Callable[..., Pipeline]) -> None:
    again = next_copy(medium)
    before = again.row_versions()

    results = again.run("refresh", size="medium", recompute=Recompute(is_full=True))

    assert [stage for stage in STAGES if results[stage].is_nothing_new] == ["data_ingestion"]
    assert again.row_versions() == before
    assert again.query(
        "SELECT SUM(rows_inserted + rows_updated + rows_deleted) FROM audit.release_changes WHERE release = 3"
    ) == [(0,)]


def test_a_size_again_loads_nothing_twice(medium: Pipeline, next_copy: Callable[..., Pipeline]) -> None:
    again = next_copy(medium)
    before = again.row_versions()

    results = again.run("medium again", size="medium")
    smaller = again.run("small again", size="small")

    for run in (results, smaller):
        assert [stage for stage in STAGES if not run[stage].is_nothing_new] == ["daily_summary"]
    assert again.row_versions() == before
    again.shows(
        "SELECT * FROM marts.daily_summary ORDER BY started_at",
        """
        run_key      | outcome   | release | source_files | source_records
        small        | published | 1       | 3            | 60
        medium       | published | 2       | 3            | 300
        medium again | unchanged | 2       | 3            | 300
        small again  | unchanged | 2       | 3            | 60
        """,
    )
