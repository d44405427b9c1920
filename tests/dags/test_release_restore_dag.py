"""The DAG that puts an earlier release back, as Airflow loads it, on a real warehouse."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.integration.drawn_release import FIRST, SECOND, publish, shown, stage
from tests.integration.pipeline import PROJECT, Pipeline


@pytest.fixture
def two_releases(warehouse_dsn: str) -> Pipeline:
    pipeline = Pipeline(PROJECT, warehouse_dsn)
    publish(pipeline, "r1", stage(pipeline, "r1", FIRST, batches=("b1",)))
    publish(pipeline, "r2", stage(pipeline, "r2", SECOND, batches=("b1", "b2")))
    return pipeline


def test_it_runs_only_when_asked_with_a_release_and_tries_once(load_dag: Callable[..., Any]) -> None:
    dag = load_dag("release_restore")

    assert (dag.schedule, dag.max_active_runs, dag.is_paused_upon_creation) == (None, 1, False)
    assert {task.task_id: task.retries for task in dag.tasks} == {"restore": 0}
    release = dag.params.get_param("release")
    assert release.resolve(3) == 3
    for wrong in ("3", 0, None):
        with pytest.raises(ValueError, match=r"is not of type|is less than"):
            release.resolve(wrong)


def test_its_task_puts_the_release_back_under_the_name_of_the_run(
    load_dag: Callable[..., Any], two_releases: Pipeline, project: Path
) -> None:
    dag = load_dag("release_restore", WAREHOUSE_DSN=two_releases.dsn, PIPELINE_HOME=str(project))
    restore = partial(dag.get_task("restore").python_callable, dag=dag, dag_run=SimpleNamespace(conf=None))

    assert restore(params={"release": 1}, run_id="manual__1") == 3

    shown(two_releases, FIRST)
    assert two_releases.query("SELECT run_key, restored_from FROM audit.releases WHERE release = 3") == [
        ("manual__1", 1)
    ]
    with pytest.raises(AirflowFailException, match="ReleaseUnavailable: release 9: not there"):
        restore(params={"release": 9}, run_id="manual__2")
