"""What ./start.sh does: look, choose a way, start, wait for health, run the pipeline once, say what came out."""

import time
from collections.abc import Sequence

from stack import preflight
from stack.airflow_api import AirflowApi
from stack.backend import Backend, Problem, ServiceStatus, StackError
from stack.dag_run import DAG_ID, Size, explain_failure, run_pipeline, wait_for_dag
from stack.layout import ENV_FILE, shown
from stack.mode import Mode, choose, look_for_docker
from stack.modes import open_backend, remember_mode, running_mode
from stack.progress import Progress
from stack.settings import Settings, complete_env_file, load_settings

HEALTH_SECONDS = 240
TAIL_LINES = 15


def start(*, asked: Mode | None, size: Size | None) -> int:
    """Bring the stack up; where `size` is given, run the pipeline on it. The exit code is 1 where the run failed."""
    progress = Progress()
    if complete_env_file():
        progress.say(f"wrote settings and fresh secrets to {shown(ENV_FILE)}")
    settings = load_settings()
    choice = choose(asked=asked, running=running_mode(settings), docker=look_for_docker())
    progress.say(f"mode: {choice.mode} ({choice.why})")
    backend = open_backend(choice.mode, settings)
    _look_first(settings, backend, progress)
    remember_mode(choice.mode)
    backend.up(progress)
    wait_for_health(backend, progress)
    backend.prepare(progress)
    exit_code = _run_once(AirflowApi.of(settings), backend, size, progress)
    print(welcome(settings))
    return exit_code


def _look_first(settings: Settings, backend: Backend, progress: Progress) -> None:
    with progress.step("preflight"):
        running = {service.name for service in backend.status() if service.state != "stopped"}
        problems = [*preflight.check_machine(settings, running), *backend.check()]
    for problem in problems:
        progress.say(describe(problem))
    if fatal := [problem for problem in problems if problem.is_fatal]:
        raise StackError(f"{len(fatal)} thing{'s' * (len(fatal) > 1)} to mend first, nothing was started")


def describe(problem: Problem) -> str:
    return f"{'PROBLEM' if problem.is_fatal else 'warning'}: {problem.what}\n              fix: {problem.fix}"


def wait_for_health(backend: Backend, progress: Progress, limit_seconds: float = HEALTH_SECONDS) -> None:
    """Until every service answers. A service that has failed for good ends the wait at once."""
    deadline = time.monotonic() + limit_seconds
    told: set[str] = set()
    while waiting := [
        service for service in _newly_told(backend.status(), told, progress) if service.state != "healthy"
    ]:
        if time.monotonic() > deadline or any(service.state == "failed" for service in waiting):
            raise StackError(explain_unhealthy(backend, waiting))
        progress.show(f"waiting for {', '.join(service.name for service in waiting)}")
        time.sleep(0.3)
    progress.say("all services are healthy")


def _newly_told(services: Sequence[ServiceStatus], told: set[str], progress: Progress) -> Sequence[ServiceStatus]:
    """Say of each service once that it is healthy, and hand all of them on."""
    for service in services:
        if service.state == "healthy" and service.name not in told:
            told.add(service.name)
            progress.say(f"  {service.name} is healthy")
    return services


def explain_unhealthy(backend: Backend, waiting: Sequence[ServiceStatus]) -> str:
    """Each service that is not well, with the end of its log and where to read on."""
    parts = []
    for service in waiting:
        parts.append(f"{service.name} is not healthy: {service.detail or service.state}")
        parts += [f"    {line}" for line in backend.log_tail(service.name, TAIL_LINES)]
        parts.append(
            f"  fix: read on with ./logs.sh {service.name}, mend it, then ./start.sh again (./stop.sh ends all)"
        )
    return "\n".join(parts)


def _run_once(api: AirflowApi, backend: Backend, size: Size | None, progress: Progress) -> int:
    wait_for_dag(api, progress)
    if size is None:
        if not api.has_runs(DAG_ID):
            # Airflow pauses a DAG when it first sees it; a pause that somebody chose later is left alone.
            api.unpause(DAG_ID)
        return 0
    result = run_pipeline(api, size, progress)
    progress.say(f"run {result.state} after {result.seconds:.1f} s" if result.is_green else explain_failure(result))
    backend.etl(["summary", "--run", result.run_id])
    return 0 if result.is_green else 1


def welcome(settings: Settings) -> str:
    """Where everything is, and what to do next."""
    admin = f"{settings['AIRFLOW_ADMIN_USER']} / {settings['AIRFLOW_ADMIN_PASSWORD']}"
    database = f"{settings.client_host}:{settings['POSTGRES_PORT']}"
    return f"""
  Airflow        {settings.airflow_url:<32}  {admin}
  Spark master   {settings.spark_ui_url:<32}
  PostgreSQL     {database + "/data_warehouse":<32}  airflow / {settings["POSTGRES_PASSWORD"]}

  ./start.sh --size medium    run the pipeline on more data
  ./etl --help                what the pipeline can do besides
  ./logs.sh [SERVICE] [-f]    what the services say
  ./run_validation.sh         check the whole stack
  ./stop.sh                   end it; the data stays
"""
