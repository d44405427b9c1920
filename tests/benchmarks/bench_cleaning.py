"""Ingestion and cleaning of one large sales file, beside what DuckDB needs for the same rules without the guarantees.

    python -m pytest tests/benchmarks/bench_cleaning.py -s --rows 1000000,10000000

Prints seconds, the ratio to DuckDB, and the peak memory of driver and executors.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.benchmarks.memory import PeakMemory
from tests.benchmarks.sales_file import write_sales
from tests.integration.pipeline import Pipeline

DUCKDB = Path(__file__).with_name("duckdb_cleaning.py")


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("spark")
def test_cleaning_beside_duckdb(
    request: pytest.FixtureRequest, tmp_path: Path, warehouse_dsn: str, contenders: Path
) -> None:
    print("\nrows | stage | seconds | of DuckDB | peak MiB")
    for rows in map(int, request.config.getoption("--rows").split(",")):
        pipeline = Pipeline.make(tmp_path / str(rows), warehouse_dsn)
        write_sales(pipeline.raw / "sales_1.csv", rows)
        reference = seconds_of_duckdb(pipeline.raw / "sales_1.csv", tmp_path, contenders)
        print(f"{rows} | DuckDB | {reference:.1f} | 1 |")
        total = 0.0
        for stage in ("data_ingestion", "data_cleaning", "data_ingestion", "data_cleaning"):
            with PeakMemory() as memory:
                started = time.perf_counter()
                pipeline.run(f"r{rows}", stages=[stage])
                seconds = time.perf_counter() - started
            total += seconds
            print(f"{rows} | {stage} | {seconds:.1f} | {seconds / reference:.2f} | {memory.peak_mib}")
        print(f"{rows} | together | {total:.1f} | {total / reference:.2f} |")


def seconds_of_duckdb(file: Path, folder: Path, contenders: Path) -> float:
    started = time.perf_counter()
    environ = {**os.environ, "PYTHONPATH": str(contenders)}
    subprocess.run([sys.executable, DUCKDB, file, folder], check=True, capture_output=True, env=environ)
    return time.perf_counter() - started
