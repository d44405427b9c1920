"""What becomes of a task that ends with one of our errors: is it tried again?"""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk.definitions.param import process_params
from airflow.sdk.exceptions import AirflowException, AirflowFailException

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


@pytest.mark.parametrize(
    ("recorded", "ends_with", "message"),
    [
        ("ConfigurationError: sales: no such table", AirflowFailException, "ConfigurationError: sales: no such table"),
        ("WarehouseBusy: core.fct_sale: is locked", errors.WarehouseBusy, "^core.fct_sale: is locked"),
        # What is none of our errors, and a driver that was killed.
        ("OSError: no space", AirflowException, "Error code is: 1"),
        (None, AirflowException, "Error code is: 1"),
    ],
)
def test_a_stage_fails_by_what_its_driver_recorded(
    *,
    recorded: str | None,
    ends_with: type[Exception],
    message: str,
    load_dag: Callable[..., Any],
    project: Path,
    query: Callable[..., list[tuple[Any, ...]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def need_spark(*_: object) -> int:
        query("INSERT INTO audit.stage_runs VALUES ('r1', 'data_loading', 2, 'running', NOW())")
        return 2

    def submit(task: Any, _: object) -> None:
        assert task.application_args[-2:] == ["--attempt", "2"]
        if recorded:
            told = json.dumps({"error": recorded})
            query("UPDATE audit.stage_runs SET state = 'failed', finished_at = NOW(), details = %s", told)
        raise AirflowException("Cannot execute: spark-submit. Error code is: 1.")

    monkeypatch.setattr("batch_etl.run.begin_in_task", need_spark)
    monkeypatch.setattr(SparkSubmitOperator, "execute", submit)
    task = load_dag("data_pipeline_etl", PIPELINE_HOME=str(project)).get_task("data_loading")

    with pytest.raises(ends_with, match=message):
        task.execute({"dag_run": SimpleNamespace(conf={}), "run_id": "r1"})


def test_a_summary_that_is_configured_wrongly_fails_for_good(
    load_dag: Callable[..., Any], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summarise = load_dag("data_pipeline_etl", PIPELINE_HOME=str(project)).get_task("daily_summary").python_callable

    def misspelt(_: Path) -> PipelineConfig:
        raise errors.ConfigurationError("config/pipeline.yaml: no such key")

    monkeypatch.setattr(PipelineConfig, "read", misspelt)
    with pytest.raises(AirflowFailException, match="no such key"):
        summarise(run_id="r1", params={}, dag_run=SimpleNamespace(triggering_user_name="ann", run_type="manual"))


MONTH = SimpleNamespace(conf={"month": "2025-01"})
FAILED = "SELECT run_key, stage, details ->> 'error' FROM audit.stage_runs WHERE state = 'failed'"


def test_an_unknown_parameter_ends_a_run_at_its_first_stage(
    load_dag: Callable[..., Any], project: Path, query: Callable[..., list[tuple[Any, ...]]]
) -> None:
    task = load_dag("data_pipeline_etl", PIPELINE_HOME=str(project)).get_task("data_ingestion")
    task.application_args = ["--run-key", "r1"]
    there = "dataset_size, dry_run, from_month, full_refresh, to_month"
    # As Airflow does before a task: the parameters of the run are then the conf's too.
    assert "month" in process_params(task.dag, task, MONTH.conf, suppress_exception=False)

    with pytest.raises(AirflowFailException, match="month: no such parameter"):
        task.execute({"dag_run": MONTH})

    assert query(FAILED) == [
        ("r1", "data_ingestion", f"ConfigurationError: month: no such parameter; there are {there}")
    ]


@pytest.mark.parametrize("conf", [None, {}, {"dataset_size": "small", "full_refresh": True}])
def test_a_run_may_be_given_nothing_or_what_the_dag_knows(
    load_dag: Callable[..., Any],
    project: Path,
    query: Callable[..., list[tuple[Any, ...]]],
    conf: dict[str, Any] | None,
) -> None:
    task = load_dag("data_pipeline_etl", PIPELINE_HOME=str(project)).get_task("data_ingestion")
    task.application_args = ["--run-key", "r1"]

    task.execute({"dag_run": SimpleNamespace(conf=conf)})

    assert query("SELECT stage, state FROM audit.stage_runs") == [("data_ingestion", "nothing new")]


def test_a_replay_refuses_an_unknown_parameter_before_it_waits(
    load_dag: Callable[..., Any], project: Path, query: Callable[..., list[tuple[Any, ...]]]
) -> None:
    dag = load_dag("quarantine_replay", PIPELINE_HOME=str(project))

    with pytest.raises(AirflowFailException, match="month: no such parameter; there are dataset, dry_run, file"):
        dag.get_task("wait_for_pipeline").python_callable(ti=None, dag=dag, dag_run=MONTH, run_id="r1")

    ((run_key, stage, error),) = query(FAILED)
    assert (run_key, stage) == ("r1", "data_cleaning")
    assert error.startswith("ConfigurationError: month: no such parameter")


def test_a_replay_with_a_wrong_filter_is_recorded(
    load_dag: Callable[..., Any], project: Path, query: Callable[..., list[tuple[Any, ...]]]
) -> None:
    judge_again = load_dag("quarantine_replay", PIPELINE_HOME=str(project)).get_task("judge_again")

    with pytest.raises(AirflowFailException, match="since: 'soon' is no date"):
        judge_again.python_callable(params={"since": "soon", "dry_run": True}, run_id="r1")

    assert [stage for _, stage, _ in query(FAILED)] == ["data_cleaning"]


def test_a_restore_refuses_an_unknown_parameter_and_says_so_in_the_log(
    load_dag: Callable[..., Any], project: Path
) -> None:
    dag = load_dag("release_restore", PIPELINE_HOME=str(project))
    conf = {"release": 3, "table": "core.fct_sale"}

    with pytest.raises(AirflowFailException, match="table: no such parameter; there are release"):
        dag.get_task("restore").python_callable(
            params=conf, run_id="manual__1", dag=dag, dag_run=SimpleNamespace(conf=conf)
        )

    log = (project / "data/logs/pipeline.jsonl").read_text(encoding="utf-8")
    assert [(event["level"], event["run"], event["stage"]) for event in map(json.loads, log.splitlines())] == [
        ("ERROR", "manual__1", "restore")
    ]
