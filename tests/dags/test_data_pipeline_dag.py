"""The DAG as Airflow loads it: names, order and policy."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

Load = Callable[..., DagBag]

DAGS = Path(__file__).resolve().parents[2] / "dags"
ORDER = [
    "data_ingestion",
    "data_cleaning",
    "data_transformation",
    "data_loading",
    "quality_checks",
    "publish",
    "daily_summary",
    "notifications",
]
SPARK_TASKS = ORDER[:4]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Load the DAG folder under an environment; gives the DAG bag."""

    def load(**environment: str) -> DagBag:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return DagBag(dag_folder=str(DAGS))

    return load


@pytest.fixture
def dag(load: Load) -> DAG:
    return load().dags["data_pipeline_etl"]


def test_the_folder_holds_this_dag_and_nothing_that_fails(load: Load) -> None:
    bag = load()
    assert bag.import_errors == {}
    assert set(bag.dags) == {"data_pipeline_etl"}


def test_the_eight_tasks_follow_each_other(dag: DAG) -> None:
    edges = {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    assert edges == {task: [following] for task, following in pairwise(ORDER)} | {ORDER[-1]: []}


def test_the_first_four_are_submitted_to_the_spark_cluster(dag: DAG) -> None:
    submitted = {task.task_id: Path(task.application).name for task in dag.tasks if hasattr(task, "application")}
    assert submitted == {
        "data_ingestion": "data_ingestion.py",
        "data_cleaning": "data_cleaning.py",
        "data_transformation": "data_transformation.py",
        "data_loading": "data_loader.py",
    }
    assert all((DAGS.parent / "spark" / program).exists() for program in submitted.values())


def test_every_task_is_tried_again_and_ends_in_time(dag: DAG) -> None:
    policy = {(task.retries, task.execution_timeout, task.pool, task.owner) for task in dag.tasks}
    assert policy == {(2, timedelta(hours=2), "default_pool", "data-platform")}
    assert dag.dagrun_timeout == timedelta(hours=6)


def test_only_one_run_is_at_work_and_none_starts_by_itself(dag: DAG) -> None:
    assert dag.max_active_runs == 1
    assert dag.catchup is False
    assert dag.schedule is None


def test_a_schedule_comes_from_the_environment(load: Load) -> None:
    dag = load(PIPELINE_SCHEDULE="0 3 * * *").dags["data_pipeline_etl"]
    assert dag.schedule == "0 3 * * *"


def test_the_size_is_chosen_from_a_list(dag: DAG) -> None:
    schema = dag.params.get_param("dataset_size").schema
    assert (dag.params["dataset_size"], schema["enum"]) == ("small", ["small", "medium", "large", "all"])


def test_summary_and_notifications_run_after_a_failure_and_do_not_hide_it(dag: DAG) -> None:
    teardowns = {task.task_id for task in dag.tasks if task.is_teardown}
    assert teardowns == {"daily_summary", "notifications"}
    assert not any(dag.get_task(name).on_failure_fail_dagrun for name in teardowns)


def test_whoever_is_paged_finds_a_line_for_every_task(dag: DAG) -> None:
    assert [task for task in ORDER if f"`{task}`" not in dag.doc_md] == []
    assert dag.tags >= {"etl"}
