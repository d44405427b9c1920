"""What becomes of a task that ends with one of our errors: is it tried again?"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from batch_etl import errors
from batch_etl.settings import PipelineConfig

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EtlError)]
# What may pass by itself: a server comes back, a lock is let go, a file is there as a whole.
TRIED_AGAIN = {"EtlError", "SourceFileRefused", "SparkUnavailable", "WarehouseBusy", "WarehouseUnavailable"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_a_task_is_tried_again_only_where_that_may_mend_it(
    kind: type[errors.EtlError], load_dag: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise kind("file: problem; fix")

    monkeypatch.setattr("batch_etl.run.run_in_task", fail)
    notify = load_dag("data_pipeline_etl").get_task("notifications").python_callable

    ends_with = kind if kind.__name__ in TRIED_AGAIN else AirflowFailException
    with pytest.raises(ends_with, match="file: problem; fix"):
        notify(run_id="r1", params={})


@pytest.fixture
def broken(project: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a project whose contracts are broken: there are none."""
    read = PipelineConfig.read

    def without_contracts(file: Path) -> PipelineConfig:
        config = read(file)
        return config.model_copy(update={"paths": config.paths.model_copy(update={"contracts": Path("data/raw")})})

    monkeypatch.setattr(PipelineConfig, "read", without_contracts)
    return {"PIPELINE_HOME": str(project)}


@pytest.mark.parametrize("stage", ["data_ingestion", "data_cleaning", "data_transformation", "data_loading"])
def test_a_spark_stage_that_is_configured_wrongly_fails_for_good(
    stage: str, load_dag: Callable[..., Any], broken: dict[str, str]
) -> None:
    task = load_dag("data_pipeline_etl", **broken).get_task(stage)
    task.application_args = ["--run-key", "r1"]

    with pytest.raises(AirflowFailException, match="no contract here"):
        task.execute({"dag_run": SimpleNamespace(conf={})})


def test_a_summary_that_is_configured_wrongly_fails_for_good(
    load_dag: Callable[..., Any], broken: dict[str, str]
) -> None:
    summarise = load_dag("data_pipeline_etl", **broken).get_task("daily_summary").python_callable

    with pytest.raises(AirflowFailException, match="no contract here"):
        summarise(run_id="r1", params={}, dag_run=SimpleNamespace(triggering_user_name="ann", run_type="manual"))
