"""The watch between runs, as Airflow loads it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration.drawn_audit import publish_long_ago
from tests.integration.pipeline import Pipeline


def test_it_runs_every_ten_minutes_by_itself_and_never_twice_at_once(load_dag: Callable[..., Any]) -> None:
    dag = load_dag("alert_watch")

    assert (dag.schedule, dag.catchup, dag.is_paused_upon_creation, dag.max_active_runs) == (
        "*/10 * * * *",
        False,
        False,
        1,
    )
    assert [(task.task_id, task.retries) for task in dag.tasks] == [("watch", 2)]


def test_its_task_notices_a_run_that_never_came(
    load_dag: Callable[..., Any], tmp_path: Path, warehouse_dsn: str
) -> None:
    pipeline = Pipeline.make(tmp_path / "home", warehouse_dsn)
    publish_long_ago(pipeline)
    where = {"PIPELINE_HOME": str(pipeline.home), "WAREHOUSE_DSN": warehouse_dsn}
    dag = load_dag("alert_watch", PIPELINE_SCHEDULE="0 2 * * *", **where)

    dag.get_task("watch").python_callable()

    assert pipeline.query("SELECT kind FROM audit.incidents") == [("not_fresh",)]
