"""Loading and publishing of a drawn mart, beside psql's \\copy of a ready CSV file and Spark's JDBC.

    python -m pytest tests/benchmarks/bench_loading.py -s --rows 1000000,10000000 [--jdbc]

Prints seconds, and those of processors: of all processes, and of PostgreSQL's.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from tests.benchmarks.processor import processor_seconds
from tests.integration.drawn_mart import draw_mart, load_unaudited, write_mart, write_month
from tests.integration.pipeline import PROJECT, Pipeline

MASTER = {"customers": 200_000, "products": 20_000}


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("spark")
def test_loading_beside_copy(
    request: pytest.FixtureRequest, tmp_path: Path, clone_database: Callable[..., str], empty_warehouse: str
) -> None:
    for rows in map(int, request.config.getoption("--rows").split(",")):
        pipeline = Pipeline.make(tmp_path / str(rows), clone_database(template=empty_warehouse))
        print(f"\n{rows} sales | seconds | of processors | of PostgreSQL's")
        folder = draw_mart(pipeline, "first", lambda place, rows=rows: write_mart(place, rows, **MASTER))
        load_and_publish(pipeline, "first")
        copy_ready_csv(pipeline)
        if request.config.getoption("--jdbc"):
            with told("Spark's JDBC, with its start"):
                print(f"Spark's JDBC, the write | {seconds_of_jdbc(pipeline, folder):.1f}")

        def take_over(place: Path, folder: Path = folder) -> None:
            subprocess.run(["cp", "-al", f"{folder}/.", place], check=True)

        def add_a_day(place: Path, rows: int = rows) -> None:
            take_over(place)
            write_month(place, "2025-12", rows // 365, only_day=29, **MASTER)

        for run_key, draw in (("unchanged", take_over), ("a day more", add_a_day)):
            draw_mart(pipeline, run_key, draw)
            load_and_publish(pipeline, run_key)


def load_and_publish(pipeline: Pipeline, run_key: str) -> None:
    with told(f"load, {run_key}"):
        load_unaudited(pipeline, run_key)
    pipeline.query("CHECKPOINT")
    with told(f"publish, {run_key}"):
        pipeline.run(run_key, stages=["publish"])


def copy_ready_csv(pipeline: Pipeline) -> None:
    """The sales again, by one connection, into a table without any index."""
    pipeline.query("CREATE SCHEMA beside")
    pipeline.query("CREATE TABLE beside.sales (LIKE core.fct_sale)")
    file = pipeline.home / "sales.csv"
    with psycopg2.connect(pipeline.dsn) as connection, connection.cursor() as cursor:
        with file.open("wb") as out:
            cursor.copy_expert("COPY (SELECT * FROM core.fct_sale) TO STDOUT (FORMAT csv)", out)
        with file.open("rb") as ready, told("\\copy of a ready CSV file"):
            cursor.copy_expert("COPY beside.sales FROM STDIN (FORMAT csv)", ready, size=1024 * 1024)
            connection.commit()
    file.unlink()
    pipeline.query("TRUNCATE beside.sales")
    pipeline.query("CHECKPOINT")


def seconds_of_jdbc(pipeline: Pipeline, folder: Path) -> float:
    environ = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "tests.benchmarks.jdbc_loading", str(folder / "core.fct_sale")]
    done = subprocess.run(
        [*command, pipeline.dsn, "beside.sales"], check=True, capture_output=True, text=True, env=environ, cwd=PROJECT
    )
    counts = sql.SQL("SELECT (SELECT COUNT(*) FROM beside.sales) - (SELECT COUNT(*) FROM core.fct_sale)")
    assert pipeline.query(counts) == [(0,)]
    pipeline.query("DROP SCHEMA beside CASCADE")
    return float(done.stdout.splitlines()[-1])


@contextmanager
def told(what: str) -> Iterator[None]:
    started, used, server = time.perf_counter(), processor_seconds(), processor_seconds("postgres")
    yield
    seconds = (time.perf_counter() - started, processor_seconds() - used, processor_seconds("postgres") - server)
    print(f"{what} | " + " | ".join(f"{value:.1f}" for value in seconds), flush=True)
