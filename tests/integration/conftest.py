"""Runs the stages in this process, on the tests' Spark and PostgreSQL."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest
from batch_etl.run import Run, StageResult, run_stage
from batch_etl.settings import Settings

SPARK_STAGES = {
    "data_ingestion": "ingest",
    "data_cleaning": "clean",
    "data_transformation": "transform",
    "data_loader": "load",
}


def entry_point(module: str) -> Callable[[Run], StageResult]:
    """The stage function of one of the files in spark/, which are programs and no package."""
    spec = importlib.util.spec_from_file_location(module, Path(__file__).parents[2] / "spark" / f"{module}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return getattr(loaded, SPARK_STAGES[module])


@pytest.fixture
def run_spark_stages(project: Path, spark: object) -> Callable[..., dict[str, StageResult]]:  # noqa: ARG001
    """Run the four Spark stages over data/raw of the test's project."""

    def run(run_key: str, *, stages: tuple[str, ...] = tuple(SPARK_STAGES)) -> dict[str, StageResult]:
        return {stage: run_stage(Run(run_key, stage, "all", Settings()), entry_point(stage)) for stage in stages}

    return run
