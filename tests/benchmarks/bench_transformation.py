"""The star and the marts of one large sales file beside DuckDB's, and what one more day costs.

    python -m pytest tests/benchmarks/bench_transformation.py -s --rows 1000000,10000000

Prints seconds, and their ratio to DuckDB's and to the whole's; the tables of both sides must be equal.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import sqlglot

from batch_etl.contracts.reader import read_contracts
from batch_etl.recompute import Recompute
from batch_etl.stores.lake import Lake
from batch_etl.stores.mart import Inputs, mart_inputs, read_statements
from tests.benchmarks.master_files import write_master_data
from tests.benchmarks.sales_file import write_day, write_sales
from tests.integration.pipeline import PROJECT, Pipeline
from tests.rollup_queries import rollup_queries

DUCKDB = Path(__file__).with_name("duckdb_transformation.py")


@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("stage_spark")
def test_transformation_beside_duckdb(
    request: pytest.FixtureRequest, tmp_path: Path, warehouse_dsn: str, contenders: Path
) -> None:
    print("\nrows | what | seconds | of DuckDB's | of the whole's")
    for rows in map(int, request.config.getoption("--rows").split(",")):
        pipeline = Pipeline.make(tmp_path / str(rows), warehouse_dsn)
        write_sales(pipeline.raw / "sales_1.csv", rows)
        write_master_data(pipeline.raw)
        pipeline.run(f"r{rows}", stages=["data_ingestion", "data_cleaning"])
        beside = tmp_path / f"duckdb{rows}"
        duckdb = seconds_of(partial(run_duckdb, pipeline, beside, contenders))
        told(rows, "DuckDB", duckdb)
        whole = seconds_of(partial(transform, pipeline, Recompute(is_full=True)))
        told(rows, "whole", whole, duckdb)
        assert json.loads(run_script(contenders, "compare", mart_of(pipeline), beside)) == {}
        for place, (what, day) in enumerate({"the next day": "2026-01-01", "a day long ago": "2025-06-15"}.items()):
            first = rows + place * rows // 365
            write_day(pipeline.raw / f"sales_{day}.csv", range(first, first + rows // 365), day=day)
            pipeline.run(what, stages=["data_ingestion", "data_cleaning"])
            told(rows, what, seconds_of(partial(transform, pipeline, Recompute())), duckdb, whole)


def told(rows: int, what: str, seconds: float, *others: float) -> None:
    figures = [seconds, *(seconds / other for other in others)]
    print(" | ".join([str(rows), what, *(f"{figure:.2f}" for figure in figures)]))


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def transform(pipeline: Pipeline, recompute: Recompute) -> None:
    pipeline.run("transformation", stages=["data_transformation"], recompute=recompute)


def mart_of(pipeline: Pipeline) -> Path:
    lake, inputs = inputs_of(pipeline)
    return lake.mart(inputs.fingerprint)


def inputs_of(pipeline: Pipeline) -> tuple[Lake, Inputs]:
    lake = Lake(pipeline.home / "data/processed")
    return lake, mart_inputs(lake, read_contracts(pipeline.home / "config/contracts"), pipeline.home)


def run_duckdb(pipeline: Pipeline, out: Path, contenders: Path) -> None:
    lake, inputs = inputs_of(pipeline)
    clean = [next(iter(inputs.clean_folders(lake, name).values())) for name in ("customers", "products", "sales")]
    out.mkdir()
    (out / "queries.json").write_text(json.dumps(queries()), encoding="utf-8")
    run_script(contenders, "transform", *clean, out, out / "queries.json")


def queries() -> dict[str, str]:
    """The rollups and the project's own queries, as DuckDB writes them."""
    texts = rollup_queries() | {each.name: each.text for each in read_statements(PROJECT)}
    queries = {name: sqlglot.parse_one(text, read="spark") for name, text in texts.items()}
    # What Spark calls MM is a month here.
    return {name: query.sql("duckdb", comments=False).replace("'MM'", "'month'") for name, query in queries.items()}


def run_script(contenders: Path, *arguments: Path | str) -> str:
    environ = {**os.environ, "PYTHONPATH": str(contenders)}
    command = [sys.executable, DUCKDB, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environ).stdout
