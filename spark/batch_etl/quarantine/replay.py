"""Have Airflow replay the quarantine, and follow the run by what it records in the audit."""

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.errors import EtlError
from batch_etl.quarantine.selection import Selection
from batch_etl.stores.warehouse import fetch_rows, fetch_value

DAG_ID = "quarantine_replay"
_TRIGGER_SECONDS = 120
_POLL_SECONDS = 0.5
# Both teardowns run also after a failure; when this one has ended, so has the run.
_LAST_STAGE = "notifications"


@dataclass(frozen=True)
class Moved:
    """What a replay did to quarantine.records, over all datasets. release: None where nothing changed."""

    run_key: str
    release: int | None
    left: int
    other_reasons: int
    came: int


def trigger(selection: Selection, now: datetime) -> str:
    """Begin a run of the DAG and return its run_key. Raises EtlError with Airflow's words where that fails."""
    run_key = f"{DAG_ID}__{now:%Y-%m-%dT%H:%M:%S.%f}"
    # By its command line: the login of its REST API is not at hand where tasks run, its database is.
    command = ["airflow", "dags", "trigger", DAG_ID, "--run-id", run_key, "--conf", json.dumps(selection.as_conf())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TRIGGER_SECONDS, check=False)
    except FileNotFoundError:
        raise EtlError(
            "airflow: no such command here; type ./etl quarantine replay, which runs beside Airflow"
        ) from None
    except subprocess.TimeoutExpired:
        raise EtlError(f"airflow: did not answer within {_TRIGGER_SECONDS} s; ./logs.sh airflow-scheduler") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()[-1]
        raise EtlError(f"airflow: could not trigger {DAG_ID}: {said}; python3 validate_simple.py tells what is down")
    return run_key


def follow(connection: Connection, run_key: str, *, limit_seconds: float, tell: Callable[[str, str], None]) -> Moved:
    """Wait until the run has ended; tells each stage as it ends. Raises EtlError where it published nothing."""
    deadline = time.monotonic() + limit_seconds
    told: set[tuple[str, str]] = set()
    while True:
        ended = [(stage, state) for stage, state in _stages(connection, run_key) if state != "running"]
        for end in ended:
            if end not in told:
                tell(*end)
                told.add(end)
        if any(stage == _LAST_STAGE for stage, _ in ended):
            return what_moved(connection, run_key)
        if time.monotonic() > deadline:
            raise EtlError(f"run {run_key}: not over after {limit_seconds:.0f} s; it goes on, see {DAG_ID} in Airflow")
        time.sleep(_POLL_SECONDS)


def what_moved(connection: Connection, run_key: str) -> Moved:
    """Read what a run that is over did to the quarantine. Raises EtlError with the stage that stopped it."""
    with connection, connection.cursor() as cursor:
        state = fetch_value(cursor, "SELECT state FROM audit.runs WHERE run_key = %s", (run_key,))
        if state not in ("published", "unchanged"):
            raise EtlError(f"run {run_key}: published nothing: {_failure(connection, run_key)}; then replay again")
        changes = fetch_rows(
            cursor,
            """
            SELECT release, rows_inserted, rows_updated, rows_deleted
            FROM audit.release_changes
            INNER JOIN audit.releases USING (release)
            WHERE run_key = %s AND table_name = 'quarantine.records'
            """,
            (run_key,),
        )
    change = changes[0] if changes else {}
    rows = (change.get(f"rows_{what}", 0) for what in ("deleted", "updated", "inserted"))
    return Moved(run_key, change.get("release"), *rows)


def _stages(connection: Connection, run_key: str) -> list[tuple[str, str]]:
    """The stages of a run and how the last attempt at each is doing, in the order in which they began."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (stage) stage, state, started_at
            FROM audit.stage_runs
            WHERE run_key = %s
            ORDER BY stage, attempt DESC
            """,
            (run_key,),
        )
        return [(stage, state) for stage, state, _ in sorted(cursor.fetchall(), key=lambda row: row[2])]


def _failure(connection: Connection, run_key: str) -> str:
    with connection.cursor() as cursor:
        failure = fetch_value(
            cursor,
            """
            SELECT stage || ': ' || COALESCE(details ->> 'error', 'no error was recorded')
            FROM audit.stage_runs
            WHERE run_key = %s AND state = 'failed'
            ORDER BY started_at DESC
            LIMIT 1
            """,
            (run_key,),
        )
    return str(failure or f"no stage failed; see {DAG_ID} in Airflow")
