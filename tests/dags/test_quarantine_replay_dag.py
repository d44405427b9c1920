"""The DAG that judges the quarantine again: the pipeline without its first task, with a look ahead."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

AFTER_INGESTION = [
    *("data_cleaning", "data_transformation", "data_loading", "quality_checks", "publish"),
    *("daily_summary", "notifications"),
]
TASKS = ["wait_for_pipeline", "judge_again", *AFTER_INGESTION]


@pytest.fixture
def dag(load_dag: Callable[..., Any]) -> Any:
    return load_dag("quarantine_replay")


def test_it_judges_and_publishes_like_the_pipeline_and_lands_nothing(dag: Any, load_dag: Callable[..., Any]) -> None:
    edges = {task.task_id: task.downstream_task_ids for task in dag.tasks}
    chain = {task: {following} for task, following in pairwise(TASKS)}

    assert edges == {**chain, "notifications": set()}
    pipeline = load_dag("data_pipeline_etl")
    for name in AFTER_INGESTION:
        mine, theirs = dag.get_task(name), pipeline.get_task(name)
        assert (mine.task_type, mine.trigger_rule, mine.is_teardown, mine.retries, mine.pool) == (
            *(theirs.task_type, theirs.trigger_rule, theirs.is_teardown, theirs.retries, theirs.pool),
        )
        assert getattr(mine, "application", None) == getattr(theirs, "application", None)
    arguments = [dag.get_task(name).application_args for name in AFTER_INGESTION[:3]]
    assert arguments == [["--run-key", "{{ run_id }}"]] * 3


def test_it_runs_only_when_asked_and_neither_beside_itself_nor_beside_the_pipeline(dag: Any) -> None:
    assert (dag.schedule, dag.max_active_runs, dag.is_paused_upon_creation) == (None, 1, False)
    wait = dag.get_task("wait_for_pipeline")
    # A waiting task that holds a slot of the worker could keep the run that it waits for from ending.
    assert (wait.mode, wait.timeout) == ("reschedule", timedelta(hours=6).total_seconds())

    running = {"data_pipeline_etl": {"running": 1}}
    ti = SimpleNamespace(get_dr_count=lambda dag_id, states: sum(running[dag_id].get(state, 0) for state in states))
    asked = {"ti": ti, "dag": dag, "dag_run": SimpleNamespace(conf={"dataset": "sales"}), "run_id": "r1"}
    assert wait.python_callable(**asked) is False
    running["data_pipeline_etl"] = {}
    assert wait.python_callable(**asked) is True


def test_its_parameters_are_those_of_the_command(dag: Any) -> None:
    assert {name: dag.params.get_param(name).value for name in dag.params} == {
        **dict.fromkeys(("dataset", "reason", "since", "file"), ""),
        "dry_run": False,
    }
    datasets = dag.params.get_param("dataset")
    assert datasets.schema["enum"] == ["", "customers", "products", "sales"]
    with pytest.raises(ValueError, match="'shops' is not one of"):
        datasets.resolve("shops")


def test_every_task_has_an_entry_for_whoever_is_paged(dag: Any) -> None:
    assert {task for task in TASKS if f"`{task}`" in dag.doc_md} == {task.task_id for task in dag.tasks}


@pytest.mark.parametrize(("name", "context"), [("daily_summary", {"dag_run": None}), ("notifications", {})])
def test_a_dry_run_tells_nobody(dag: Any, name: str, context: dict[str, Any]) -> None:
    with pytest.raises(AirflowSkipException, match="a dry run publishes nothing"):
        dag.get_task(name).python_callable(run_id="r1", params={"dry_run": True}, **context)
