"""What ./stop.sh does: end every service, and say so where a run is under way."""

from contextlib import suppress

from stack.airflow_api import AirflowApi
from stack.backend import StackError
from stack.modes import open_all, running_mode
from stack.progress import Progress
from stack.settings import Settings, load_settings

# Whoever stops a stack that hangs does not want to wait for its answer.
TIMEOUT_SECONDS = 5
# Its runs come every ten minutes, and a new one does what an old one did.
_WATCH = "alert_watch"


def stop() -> int:
    settings = load_settings()
    progress = Progress()
    if running_mode(settings):
        tell_of_runs(settings, progress)
    for backend in open_all(settings):
        backend.down(progress)
    progress.say("nothing runs; the data is kept (./clean.sh deletes it)")
    return 0


def tell_of_runs(settings: Settings, progress: Progress) -> None:
    """Name the runs that are cut short. Says nothing where Airflow does not answer as it should."""
    with suppress(StackError, ValueError, LookupError, TypeError):
        runs = AirflowApi.of(settings, timeout_seconds=TIMEOUT_SECONDS).runs_under_way()
        if names := [f"{run['dag_id']} {run['dag_run_id']}" for run in runs if run["dag_id"] != _WATCH]:
            progress.say(f"under way, and going on at the next start: {', '.join(names)}")
