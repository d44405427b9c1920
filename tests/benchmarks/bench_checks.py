"""The audit of staging beside the loading of it: what it costs to look at every row once more.

    python -m pytest tests/benchmarks/bench_checks.py -s --rows 1000000,10000000

Prints seconds and the share of loading.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.benchmarks.master_files import write_master_data
from tests.benchmarks.sales_file import write_sales
from tests.integration.pipeline import SPARK_STAGES, Pipeline

SECONDS = """
    SELECT EXTRACT(EPOCH FROM finished_at - started_at)::float
    FROM audit.stage_runs
    WHERE run_key = %s AND stage = %s
"""


@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("spark")
def test_checks_beside_loading(
    request: pytest.FixtureRequest, tmp_path: Path, clone_database: Callable[..., str], empty_warehouse: str
) -> None:
    print("\nrows | loading | checks | share")
    for rows in map(int, request.config.getoption("--rows").split(",")):
        pipeline = Pipeline.make(tmp_path / str(rows), clone_database(template=empty_warehouse))
        write_sales(pipeline.raw / "sales_1.csv", rows)
        write_master_data(pipeline.raw)
        pipeline.run("r1", stages=[*SPARK_STAGES, "quality_checks"])
        loading, checks = (pipeline.query(SECONDS, "r1", stage)[0][0] for stage in ("data_loading", "quality_checks"))
        print(f"{rows} | {loading:.1f} | {checks:.1f} | {checks / loading:.0%}")
