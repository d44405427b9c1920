"""The DAG as Airflow loads it: these tasks, these edges, this policy."""

import os
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SPARK_TASKS = {
    "data_ingestion": "data_ingestion.py",
    "data_cleaning": "data_cleaning.py",
    "data_transformation": "data_transformation.py",
    "data_loading": "data_loader.py",
}
TASKS = [*SPARK_TASKS, "quality_checks", "publish", "daily_summary", "notifications"]


@pytest.fixture(scope="module", autouse=True)
def airflow(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Airflow reads these when it is first imported; nothing here needs its database."""
    os.environ["AIRFLOW_HOME"] = str(tmp_path_factory.mktemp("airflow"))
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"


@pytest.fixture
def load_dag(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Load the folder dags/ anew, under these variables."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    def load(**environ: str) -> Any:
        monkeypatch.setenv("PIPELINE_HOME", str(PROJECT))
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        bag = DagBag(PROJECT / "dags")
        assert bag.import_errors == {}
        assert list(bag.dags) == ["data_pipeline_etl"]
        return bag.dags["data_pipeline_etl"]

    return load


def test_the_eight_tasks_follow_each_other(load_dag: Callable[..., Any]) -> None:
    dag = load_dag()

    edges = {task.task_id: task.downstream_task_ids for task in dag.tasks}
    chain = {task: {following} for task, following in pairwise(TASKS)}
    assert edges == {**chain, "notifications": set()}
    assert [task.task_id for task in dag.topological_sort()] == TASKS


def test_the_four_spark_stages_are_submitted_to_the_cluster(load_dag: Callable[..., Any]) -> None:
    dag = load_dag(SPARK_PROPERTIES_FILE="/etc/spark.conf")

    submitted = {task.task_id: task for task in dag.tasks if task.task_type == "SparkSubmitOperator"}
    assert {name: task.application for name, task in submitted.items()} == {
        name: str(PROJECT / "spark" / file) for name, file in SPARK_TASKS.items()
    }
    for task in submitted.values():
        assert Path(task.application).is_file()
        assert task.application_args == ["--run-key", "{{ run_id }}", "--dataset-size", "{{ params.dataset_size }}"]
        assert (task._conn_id, task.properties_file) == ("spark_default", "/etc/spark.conf")
        # Secrets on the command line of spark-submit would show in ps.
        assert not task.conf


def test_every_task_keeps_the_policy(load_dag: Callable[..., Any]) -> None:
    dag = load_dag()

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


def test_the_dag_says_what_it_is_and_never_runs_beside_itself(load_dag: Callable[..., Any]) -> None:
    dag = load_dag()

    assert dag.description == "Files in, audited releases out: every record accounted for."
    assert dag.tags == {"etl", "sales", "write-audit-publish"}
    assert (dag.max_active_runs, dag.catchup, dag.dagrun_timeout) == (1, False, timedelta(hours=6))
    documented = {task for task in TASKS if f"`{task}`" in dag.doc_md}
    assert documented == set(TASKS)


def test_the_size_is_chosen_from_those_there_are(load_dag: Callable[..., Any]) -> None:
    dag = load_dag()

    assert set(dag.params) == {"dataset_size"}
    param = dag.params.get_param("dataset_size")
    assert (param.value, param.schema["enum"]) == ("small", ["small", "medium", "large", "all"])
    with pytest.raises(ValueError, match="'tiny' is not one of"):
        param.resolve("tiny")


@pytest.mark.parametrize(("schedule", "timetable"), [("", "NullTimetable"), ("0 2 * * *", "CronTriggerTimetable")])
def test_the_dag_runs_when_asked_or_by_the_schedule_that_is_set(
    load_dag: Callable[..., Any], schedule: str, timetable: str
) -> None:
    dag = load_dag(PIPELINE_SCHEDULE=schedule)

    assert dag.schedule == (schedule or None)
    assert type(dag.timetable).__name__ == timetable


def test_a_run_that_failed_is_summarised_and_announced_all_the_same(load_dag: Callable[..., Any]) -> None:
    dag = load_dag()

    last_words = {task.task_id for task in dag.tasks if task.is_teardown}
    assert last_words == {"daily_summary", "notifications"}
    assert {task.trigger_rule.value for task in dag.tasks if task.task_id in last_words} == {"all_done_setup_success"}
    assert {task.trigger_rule.value for task in dag.tasks if task.task_id not in last_words} == {"all_success"}
    # They must not make a red run green, nor a green one red.
    assert not any(task.on_failure_fail_dagrun for task in dag.tasks if task.is_teardown)


def test_the_audited_token_reaches_the_publish(load_dag: Callable[..., Any]) -> None:
    publish = load_dag().get_task("publish")

    (token,) = publish.op_args
    assert token.operator.task_id == "quality_checks"
