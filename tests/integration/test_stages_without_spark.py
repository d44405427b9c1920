"""A Spark stage begins in its Airflow task: with nothing to do it ends there, else it goes on where Spark is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_etl.errors import ConfigurationError
from batch_etl.run import Run, StageResult, begin_in_task, run_stage
from batch_etl.settings import Settings
from tests.integration.conftest import PRODUCTS
from tests.integration.pipeline import SPARK_STAGES, entry_point

ARGUMENTS = ["--run-key", "r1"]
STAGE_RUNS = "SELECT stage, attempt, state, records_out FROM audit.stage_runs ORDER BY started_at"


def work_of(stage: str) -> Callable[[Run], StageResult]:
    module, function = SPARK_STAGES[stage]
    work: Callable[[Run], StageResult] = getattr(entry_point(module), function)
    return work


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("stage", ["data_ingestion", "data_cleaning"])
def test_a_stage_with_nothing_to_do_ends_in_the_task(stage: str, query: Callable[..., list[tuple]]) -> None:
    assert begin_in_task(stage, work_of(stage), ARGUMENTS) is None

    assert query(STAGE_RUNS) == [(stage, 1, "nothing new", 0)]


@pytest.mark.usefixtures("spark")
def test_a_stage_that_needs_spark_is_one_attempt_all_the_same(project: Path, query: Callable[..., list[tuple]]) -> None:
    (project / "data/raw/products_1.csv").write_text(PRODUCTS, encoding="utf-8")
    ingest = work_of("data_ingestion")

    attempt = begin_in_task("data_ingestion", ingest, ARGUMENTS)
    assert query(STAGE_RUNS) == [("data_ingestion", attempt, "running", None)]
    run_stage(Run("r1", "data_ingestion", "all", Settings()), ingest, attempt=attempt)

    assert query(STAGE_RUNS) == [("data_ingestion", 1, "done", 2)]
    assert query("SELECT file_name, state FROM audit.source_files") == [("products_1.csv", "landed")]


def test_large_files_are_left_to_spark_unread(project: Path, query: Callable[..., list[tuple]]) -> None:
    with (project / "data/raw/sales_1.csv").open("wb") as file:
        file.truncate(100 * 1024**2)

    assert begin_in_task("data_ingestion", work_of("data_ingestion"), ARGUMENTS) == 1

    assert query("SELECT * FROM audit.source_files") == []
    assert not (project / "data/processed").exists()


@pytest.mark.usefixtures("project")
def test_a_stage_that_fails_in_the_task_is_recorded(query: Callable[..., list[tuple]]) -> None:
    def fail(run: Run) -> StageResult:
        raise ConfigurationError(f"{run.stage}: no such file")

    with pytest.raises(ConfigurationError):
        begin_in_task("data_cleaning", fail, ARGUMENTS)

    assert query(STAGE_RUNS) == [("data_cleaning", 1, "failed", None)]
