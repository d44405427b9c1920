"""What ./start.sh does: look, choose a way, start, wait for health, run the pipeline once, say what came out."""

from stack import preflight
from stack.airflow_api import AirflowApi
from stack.backend import Backend, Problem, StackError
from stack.dag_run import DAG_ID, Size, explain_failure, run_pipeline, wait_for_dag
from stack.health import wait_for_health
from stack.layout import ENV_FILE, shown
from stack.mode import Mode, choose, look_for_docker
from stack.modes import last_mode, open_backend, remember_mode, running_mode
from stack.progress import Progress
from stack.settings import Settings, complete_env_file, load_settings

# A run goes on while the API server or its database is started anew.
PATIENCE_SECONDS = 90


def start(*, asked: Mode | None, size: Size | None) -> int:
    """Bring the stack up; where `size` is given, run the pipeline on it. The exit code is 1 where the run failed."""
    progress = Progress()
    if complete_env_file():
        progress.say(f"wrote settings and fresh secrets to {shown(ENV_FILE)}")
    settings = load_settings()
    choice = choose(asked=asked, running=running_mode(settings), last=last_mode(), docker=look_for_docker())
    progress.say(f"mode: {choice.mode} ({choice.why})")
    backend = open_backend(choice.mode, settings)
    _look_first(settings, backend, progress)
    remember_mode(choice.mode)
    backend.up(progress)
    wait_for_health(backend, progress)
    backend.prepare(progress)
    _show_page_to_viewers(AirflowApi.of(settings, patience_seconds=PATIENCE_SECONDS))
    exit_code = 0
    if size:
        exit_code = _run_once(settings, backend, size, progress)
    else:
        _unpause_once(AirflowApi.of(settings), progress)
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


def _show_page_to_viewers(api: AirflowApi) -> None:
    """Airflow's UI asks which pages plugins bring with the reader's own rights, which these two roles lack."""
    for role in ("Viewer", "User"):
        api.let_role_read(role, "Plugins")


def _unpause_once(api: AirflowApi, progress: Progress) -> None:
    """Airflow pauses a DAG when it first sees it; a pause that somebody chose later is left alone."""
    wait_for_dag(api, progress)
    if not api.has_runs(DAG_ID):
        api.unpause(DAG_ID)


def _run_once(settings: Settings, backend: Backend, size: Size, progress: Progress) -> int:
    """Run the pipeline, and show what its summary says. The exit code is 1 where it failed."""
    api = AirflowApi.of(settings, patience_seconds=PATIENCE_SECONDS)
    wait_for_dag(api, progress)
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
