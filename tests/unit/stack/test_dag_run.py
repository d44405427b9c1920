"""Following a run: each end of a try is told once, and a failure names its log."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stack.airflow_api import AirflowAwayError
from stack.backend import StackError
from stack.dag_run import explain_failure, last_words, run_pipeline
from stack.progress import Progress


def task(name: str, state: str, *, number: int = 1, seconds: float | None = 1.5) -> dict[str, Any]:
    ended = None if state == "running" else "2026-01-01T00:00:00Z"
    times = {"duration": seconds, "start_date": ended, "end_date": ended}
    return {"task_id": name, "state": state, "try_number": number, **times}


class Script:
    """An API whose run goes through these moments; each is the run's state and its tasks."""

    def __init__(self, *moments: tuple[str, list[dict[str, Any]]], under_way: Sequence[str] = ()) -> None:
        self._moments = list(moments)
        self.under_way = under_way
        self.calls: list[tuple[str, Any]] = []

    def unpause(self, dag_id: str) -> None:
        self.calls.append(("unpause", dag_id))

    def trigger(self, dag_id: str, conf: dict[str, str]) -> str:
        self.calls.append(("trigger", (dag_id, conf)))
        return "manual__1"

    def run_state(self, *_: str) -> str:
        return self._moments[0][0]

    def runs_under_way(self, _: str) -> list[dict[str, str]]:
        return [{"dag_run_id": run_id} for run_id in self.under_way]

    def task_instances(self, *_: str) -> list[dict[str, Any]]:
        return (self._moments.pop(0) if len(self._moments) > 1 else self._moments[0])[1]


def follow(*moments: tuple[str, list[dict[str, Any]]]) -> tuple[Any, str, Script]:
    told = io.StringIO()
    script: Any = Script(*moments)
    return run_pipeline(script, "medium", Progress(told)), told.getvalue(), script


def test_the_dag_is_unpaused_and_triggered_with_the_size() -> None:
    result, _, script = follow(("success", []))
    assert script.calls == [
        ("unpause", "data_pipeline_etl"),
        ("trigger", ("data_pipeline_etl", {"dataset_size": "medium"})),
    ]
    assert (result.run_id, result.is_green) == ("manual__1", True)


def test_each_task_is_told_once_when_it_ends_with_its_seconds() -> None:
    done, busy = task("data_ingestion", "success"), task("data_cleaning", "running")
    _, told, _ = follow(("running", [done, busy]), ("running", [done, busy]), ("success", [done]))
    assert told.count("data_ingestion") == 1
    assert "success          1.5 s" in told
    assert "data_cleaning" not in told


def test_a_try_that_failed_is_told_and_so_is_the_one_that_worked() -> None:
    _, told, _ = follow(
        ("running", [task("publish", "up_for_retry")]), ("success", [task("publish", "success", number=2)])
    )
    assert "up_for_retry" in told
    assert "success          1.5 s  (try 2)" in told


def test_a_run_that_waits_behind_another_one_names_it_once() -> None:
    told = io.StringIO()
    script: Any = Script(("queued", []), ("queued", []), ("success", []), under_way=["manual__0", "manual__1"])
    run_pipeline(script, "small", Progress(told))
    assert told.getvalue().count("it waits for run manual__0, which is still going") == 1


def test_a_run_that_is_queued_for_a_moment_waits_for_nobody() -> None:
    told = io.StringIO()
    script: Any = Script(("queued", []), ("success", []), under_way=["manual__1"])
    run_pipeline(script, "small", Progress(told))
    assert "waits for" not in told.getvalue()


def test_when_airflow_goes_away_the_run_is_said_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    script: Any = Script(("running", []))

    def away(*_: str) -> str:
        raise AirflowAwayError("Airflow does not answer")

    monkeypatch.setattr(script, "run_state", away)
    with pytest.raises(StackError, match=r"(?s)does not answer.*the run manual__1 is not over; it goes on at the next"):
        run_pipeline(script, "small", Progress(io.StringIO()))


def test_a_failed_run_names_the_task_its_last_words_and_the_log_of_its_last_try(tmp_path: Path) -> None:
    log = tmp_path / "dag_id=data_pipeline_etl/run_id=manual__1/task_id=publish/attempt=3.log"
    log.parent.mkdir(parents=True)
    said = [
        ("task", "info", "::group::Pre Execute"),
        ("airflow.dag_processing.dagbag.BundleDagBag", "info", "Filling up the DagBag from …"),
        ("task.stdout", "info", "asking once more"),
        ("batch_etl.run", "info", "relation is locked"),
        *(("task", "error", "Task failed"), ("task", "info", "bye")),
    ]
    log.write_text("\n".join(json.dumps({"logger": who, "level": level, "event": event}) for who, level, event in said))
    broken, after = task("publish", "failed", number=3), task("notifications", "upstream_failed", seconds=None)
    result, _, _ = follow(("failed", [broken, after]))
    assert not result.is_green
    assert explain_failure(result, tmp_path).splitlines()[1:] == [
        "  publish failed:",
        "    asking once more",
        "    relation is locked",
        "    Task failed",
        f"  its log: {log}",
    ]


def test_a_task_without_a_log_has_no_last_words(tmp_path: Path) -> None:
    assert last_words(tmp_path / "attempt=1.log") == []
