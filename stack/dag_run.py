"""Trigger the pipeline and follow its run, each task as it ends."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from stack.airflow_api import AirflowApi, AirflowAwayError, Json
from stack.backend import StackError
from stack.layout import TASK_LOGS, shown
from stack.progress import Progress
from stack.waiting import wait_until

DAG_ID = "data_pipeline_etl"
SIZES = ("small", "medium", "large", "generated", "all")
ENDED = {"success", "failed", "skipped", "upstream_failed", "removed"}
PARSE_SECONDS = 120
POLL_SECONDS = 0.5

Size = Literal["small", "medium", "large", "generated", "all"]
Watcher = Callable[[list[Json]], None]


@dataclass(frozen=True)
class RunResult:
    run_id: str
    state: str
    seconds: float
    tasks: list[Json]

    @property
    def is_green(self) -> bool:
        return self.state == "success"


def wait_for_dag(api: AirflowApi, progress: Progress) -> None:
    """Until the DAG has been read; where it is not, say what keeps it from that."""
    with progress.step(f"reading the DAG {DAG_ID}"):
        if wait_until(lambda: api.has_dag(DAG_ID), limit_seconds=PARSE_SECONDS, every_seconds=0.5):
            return
    found = [f"{error['filename']}:\n{error['stack_trace']}" for error in api.import_errors()]
    why = "\n".join(found) or "no error was reported; see ./logs.sh airflow-dag-processor"
    raise StackError(f"Airflow has not read the DAG {DAG_ID} within {PARSE_SECONDS} s\n{why}")


def run_pipeline(
    api: AirflowApi, size: Size, progress: Progress, *, conf: Json | None = None, watch: Watcher | None = None
) -> RunResult:
    """Run the DAG on one size and come back when it has ended, well or not.

    conf   other parameters of the DAG
    watch  is called with all tasks of the run each time they were looked at
    """
    api.unpause(DAG_ID)
    run_id = api.trigger(DAG_ID, {"dataset_size": size, **(conf or {})})
    progress.say(f"triggered {DAG_ID} on {size}: {run_id}")
    began = time.monotonic()
    told: set[tuple[str, int]] = set()
    try:
        state = _follow(api, run_id, told, progress, watch)
    except AirflowAwayError as error:
        raise StackError(f"{error}\n  the run {run_id} is not over; it goes on at the next ./start.sh") from None
    tasks = sorted(api.task_instances(DAG_ID, run_id), key=lambda task: (task["start_date"] or "~", task["task_id"]))
    _tell(tasks, told, progress)
    return RunResult(run_id, state, time.monotonic() - began, tasks)


def _follow(api: AirflowApi, run_id: str, told: set[tuple[str, int]], progress: Progress, watch: Watcher | None) -> str:
    """Tell what happens in a run until it has ended; returns how it did."""
    waits_for = ""
    while (state := api.run_state(DAG_ID, run_id)) not in ENDED:
        if state == "queued" and not waits_for:
            waits_for = _tell_whom_it_waits_for(api, run_id, progress)
        tasks = api.task_instances(DAG_ID, run_id)
        _tell(tasks, told, progress)
        if watch:
            watch(tasks)
        progress.show(_at_work(tasks, state))
        time.sleep(POLL_SECONDS)
    return state


def _tell_whom_it_waits_for(api: AirflowApi, run_id: str, progress: Progress) -> str:
    """Say which run holds a queued one up, and return its id; '' where there is none."""
    older = [str(run["dag_run_id"]) for run in api.runs_under_way(DAG_ID) if run["dag_run_id"] != run_id]
    if not older:
        return ""
    progress.say(f"it waits for run {older[0]}, which is still going")
    return older[0]


def _tell(tasks: list[Json], told: set[tuple[str, int]], progress: Progress) -> None:
    """Say each end of a try once: success, failure, or a failure that is tried again."""
    for task in sorted(tasks, key=lambda task: task["end_date"] or ""):
        key = (task["task_id"], task["try_number"])
        if task["state"] in ENDED | {"up_for_retry"} and key not in told:
            told.add(key)
            progress.say(describe(task))


def describe(task: Json) -> str:
    seconds = f"{task['duration']:7.1f} s" if task["duration"] is not None else "         "
    again = f"  (try {task['try_number']})" if task["try_number"] > 1 else ""
    return f"  {task['task_id']:<22} {task['state']:<12} {seconds}{again}"


def _at_work(tasks: list[Json], state: str) -> str:
    busy = [f"{task['task_id']} {task['state']}" for task in tasks if task["state"] in {"running", "queued"}]
    return "  " + (", ".join(busy) or f"run {state}")


def explain_failure(result: RunResult, logs: Path = TASK_LOGS) -> str:
    """Which task broke the run, its last words, and where it says more."""
    lines = [f"the run {result.run_id} failed after {result.seconds:.0f} s"]
    for task in result.tasks:
        if task["state"] == "failed":
            folder = logs / f"dag_id={DAG_ID}" / f"run_id={result.run_id}" / f"task_id={task['task_id']}"
            log = folder / f"attempt={task['try_number']}.log"
            lines += [f"  {task['task_id']} failed:", *(f"    {word}" for word in last_words(log))]
            lines.append(f"  its log: {shown(log)}")
    return "\n".join(lines)


def last_words(log: Path, count: int = 5) -> list[str]:
    """What a task said last before it failed. Airflow writes a JSON object a line, and folds of its UI in between."""
    if not log.exists():
        return []
    text = log.read_text(encoding="utf-8", errors="replace")
    events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    failures = [number for number, event in enumerate(events) if event.get("level") == "error"]
    said = [event for event in events[: failures[-1] + 1 if failures else None] if not _is_of_start(event)]
    return [str(event.get("event"))[:200] for event in said][-count:]


def _is_of_start(event: Json) -> bool:
    """Whether Airflow tells how it starts and ends the task: not what the task did."""
    # What a task prints has the logger task.stdout.
    logger = str(event.get("logger"))
    return event.get("level") == "info" and (logger == "task" or logger.startswith("airflow.dag_processing."))
