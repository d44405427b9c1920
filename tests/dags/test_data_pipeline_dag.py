"""The DAG as Airflow loads it: these tasks, these edges, this policy."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator

from stack.events import STAGES

PROJECT = Path(__file__).resolve().parents[2]
SPARK_TASKS = {
    "data_ingestion": ("data_ingestion.py", "data_ingestion:ingest"),
    "data_cleaning": ("data_cleaning.py", "data_cleaning:clean"),
    "data_transformation": ("data_transformation.py", "data_transformation:transform"),
    "data_loading": ("data_loader.py", "data_loader:load"),
}
ARGUMENTS = [
    *("--run-key", "{{ run_id }}", "--dataset-size", "{{ params.dataset_size }}"),
    *("--from-month={{ params.from_month or '' }}", "--to-month={{ params.to_month or '' }}"),
    "--full-refresh={{ 'true' if params.full_refresh else 'false' }}",
]
TASKS = [*SPARK_TASKS, "quality_checks", "publish", "daily_summary", "notifications"]


@pytest.fixture
def load_pipeline(load_dag: Callable[..., Any]) -> Callable[..., Any]:
    return partial(load_dag, "data_pipeline_etl")


def test_the_eight_tasks_follow_each_other(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline()

    edges = {task.task_id: task.downstream_task_ids for task in dag.tasks}
    chain = {task: {following} for task, following in pairwise(TASKS)}
    assert edges == {**chain, "notifications": set()}
    assert [task.task_id for task in dag.topological_sort()] == TASKS


def test_the_log_can_be_asked_for_each_of_them() -> None:
    assert list(STAGES) == TASKS


def test_the_four_spark_stages_are_submitted_to_the_cluster(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline(SPARK_PROPERTIES_FILE="/etc/spark.conf")

    submitted = {task.task_id: task for task in dag.tasks if isinstance(task, SparkSubmitOperator)}
    assert {name: (task.application, task.entry_point) for name, task in submitted.items()} == {
        name: (str(PROJECT / "spark" / file), work) for name, (file, work) in SPARK_TASKS.items()
    }
    for task in submitted.values():
        assert task.operator_name == "SparkSubmitOperator"
        assert Path(task.application).is_file()
        assert task.application_args == ARGUMENTS
        assert (task._conn_id, task.properties_file) == ("spark_default", "/etc/spark.conf")
        # Secrets on the command line of spark-submit would show in ps.
        assert not task.conf


def test_every_task_keeps_the_policy(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline()

    policy = {
        (
            *(task.owner, task.pool, task.retries, task.retry_delay, task.retry_exponential_backoff),
            *(task.max_retry_delay, task.execution_timeout),
        )
        for task in dag.tasks
    }
    assert policy == {
        (
            *("data-platform", "default_pool", 2, timedelta(seconds=30), True),
            *(timedelta(minutes=10), timedelta(hours=2)),
        )
    }


def test_the_dag_says_what_it_is_and_never_runs_beside_itself(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline()

    assert dag.description == "Files in, audited releases out: every record accounted for."
    assert dag.tags == {"etl", "sales", "write-audit-publish"}
    assert (dag.max_active_runs, dag.catchup, dag.dagrun_timeout) == (1, False, timedelta(hours=6))
    documented = {task for task in TASKS if f"`{task}`" in dag.doc_md}
    assert documented == set(TASKS)


def test_the_size_is_chosen_from_those_there_are(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline()

    assert set(dag.params) == {"dataset_size", "from_month", "to_month", "full_refresh", "dry_run"}
    param = dag.params.get_param("dataset_size")
    assert (param.value, param.schema["enum"]) == ("all", ["small", "medium", "large", "generated", "all"])
    with pytest.raises(ValueError, match="'tiny' is not one of"):
        param.resolve("tiny")


@pytest.mark.parametrize("name", ["from_month", "to_month"])
def test_a_month_is_written_as_one_or_left_out(load_pipeline: Callable[..., Any], name: str) -> None:
    param = load_pipeline().params.get_param(name)

    assert param.value is None
    assert param.resolve("2025-03") == "2025-03"
    for wrong in ("2025-13", "2025-3", "2025-03-01", "March"):
        with pytest.raises(ValueError, match=r"is not valid|does not match"):
            param.resolve(wrong)


def test_a_run_does_all_its_work_and_publishes_unless_it_is_told_otherwise(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline()

    assert [dag.params[name] for name in ("full_refresh", "dry_run")] == [False, False]


@pytest.mark.parametrize("words", ["ds", "data_interval", "logical_date", "execution_date"])
def test_what_a_run_does_depends_on_no_date(load_pipeline: Callable[..., Any], words: str) -> None:
    """A run of a backfill is a run like any other: all files, whatever its date."""
    submitted = [task for task in load_pipeline().tasks if isinstance(task, SparkSubmitOperator)]

    assert submitted
    assert not any(words in argument for task in submitted for argument in task.application_args[4:])


@pytest.mark.parametrize(("schedule", "timetable"), [("", "NullTimetable"), ("0 2 * * *", "CronTriggerTimetable")])
def test_the_dag_runs_when_asked_or_by_the_schedule_that_is_set(
    load_pipeline: Callable[..., Any], schedule: str, timetable: str
) -> None:
    dag = load_pipeline(PIPELINE_SCHEDULE=schedule)

    assert dag.schedule == (schedule or None)
    assert type(dag.timetable).__name__ == timetable


def test_a_run_that_failed_is_summarised_and_announced_all_the_same(load_pipeline: Callable[..., Any]) -> None:
    dag = load_pipeline()

    last_words = {task.task_id for task in dag.tasks if task.is_teardown}
    assert last_words == {"daily_summary", "notifications"}
    assert {task.trigger_rule.value for task in dag.tasks if task.task_id in last_words} == {"all_done_setup_success"}
    assert {task.trigger_rule.value for task in dag.tasks if task.task_id not in last_words} == {"all_success"}
    # They must not make a red run green, nor a green one red.
    assert not any(task.on_failure_fail_dagrun for task in dag.tasks if task.is_teardown)


def test_the_audited_token_reaches_the_publish(load_pipeline: Callable[..., Any]) -> None:
    publish = load_pipeline().get_task("publish")

    (token,) = publish.op_args
    assert token.operator.task_id == "quality_checks"
