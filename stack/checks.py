"""The questions of validate_simple.py: does the whole stack work, and if not, what is the cause and what helps."""

import http.client
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from stack import machine, ports, probes
from stack.airflow_api import AirflowApi
from stack.backend import PORT_SERVICES, SERVICES, Backend, ServiceStatus, StackError
from stack.dag_run import DAG_ID
from stack.layout import ROOT
from stack.machine import GIGABYTE
from stack.settings import Settings
from stack.verdict import Finding
from stack.warehouse import Warehouse

DISK_NEEDED = GIGABYTE
MEMORY_NEEDED = 2 * GIGABYTE


def run_all(settings: Settings, backend: Backend) -> list[Finding]:
    """Ask everything at once; an answer that fails does not keep the others from being given."""
    services = backend.status()
    running = {service.name for service in services if service.state != "stopped"}
    if not running:
        # All further questions would have the same answer.
        return [Finding("services", is_ok=False, detail="nothing runs", fix="./start.sh starts it"), *check_machine()]
    api = AirflowApi.of(settings)
    questions: Sequence[Callable[[], list[Finding]]] = (
        lambda: [
            check_port(settings, key, is_running=name in running)
            for key, name in PORT_SERVICES.items()
            if name in SERVICES
        ],
        lambda: check_airflow(api),
        lambda: [check_postgres_login(settings), check_celery(settings), check_spark(settings)],
        check_machine,
    )
    with ThreadPoolExecutor(len(questions)) as pool:
        answers = list(pool.map(_answer, questions))
    return [*map(check_service, services), *(finding for answer in answers for finding in answer)]


def _answer(question: Callable[[], list[Finding]]) -> list[Finding]:
    try:
        return question()
    except StackError as error:
        return [Finding("Airflow", is_ok=False, detail=str(error), fix="./start.sh waits until it is well")]


def check_service(service: ServiceStatus) -> Finding:
    name = f"service {service.name}"
    if service.state == "healthy":
        return Finding(name, is_ok=True, detail="healthy")
    if service.state == "stopped":
        return Finding(name, is_ok=False, detail="stopped", fix="./start.sh starts it")
    fix = f"./logs.sh {service.name} says why; ./start.sh waits until it is well"
    return Finding(name, is_ok=False, detail=service.detail or service.state, fix=fix)


def check_port(settings: Settings, key: str, *, is_running: bool) -> Finding:
    name, service, port = f"port {settings[key]}", PORT_SERVICES[key], settings.port(key)
    if ports.is_free(settings["BIND_ADDRESS"], port):
        return Finding(name, is_ok=False, detail=f"{service} does not listen on it", fix="./start.sh starts it")
    if not is_running:
        holder = ports.find_holder(port)
        return Finding(name, is_ok=False, detail=f"taken by {holder}", fix=f"./start.sh proposes another {key}")
    return Finding(name, is_ok=True, detail=f"{service} ({key})")


def check_airflow(api: AirflowApi) -> list[Finding]:
    """The login, and that the DAG was read without an error anywhere."""
    try:
        api.log_in()
    except StackError as error:
        what, _, fix = str(error).partition("\n  fix: ")
        return [Finding("Airflow login", is_ok=False, detail=what, fix=fix)]
    except (OSError, http.client.HTTPException) as error:
        return [
            Finding("Airflow login", is_ok=False, detail=str(error), fix="./start.sh, or ./logs.sh airflow-api-server")
        ]
    return [Finding("Airflow login", is_ok=True, detail="the REST API gives a token"), check_dag(api)]


def check_dag(api: AirflowApi) -> Finding:
    if errors := api.import_errors():
        detail = "; ".join(f"{error['filename']}: {_last_line(error['stack_trace'])}" for error in errors)
        return Finding("DAGs", is_ok=False, detail=detail, fix="mend that file; it is read again within 30 s")
    if not api.has_dag(DAG_ID):
        fix = "look for dags/data_pipeline_dag.py; ./logs.sh airflow-dag-processor says what it reads"
        return Finding("DAGs", is_ok=False, detail=f"Airflow does not know {DAG_ID}", fix=fix)
    return Finding("DAGs", is_ok=True, detail=f"{DAG_ID} was read, no import errors")


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


def check_postgres_login(settings: Settings) -> Finding:
    """As the pipeline logs in, and with a question that only a prepared warehouse answers."""
    if not probes.postgres_accepts(settings):
        detail = "Postgres takes no logins to data_warehouse"
        return Finding("warehouse login", is_ok=False, detail=detail, fix="./logs.sh postgres")
    try:
        files = len(Warehouse().sources())
    except StackError as error:
        fix = "./start.sh prepares it; ./logs.sh postgres says more"
        return Finding("warehouse login", is_ok=False, detail=str(error), fix=fix)
    return Finding("warehouse login", is_ok=True, detail=f"the pipeline logs in; {files} files were read so far")


def check_celery(settings: Settings) -> Finding:
    workers = probes.celery_workers(settings)
    if workers is None:
        fix = "./logs.sh redis; a changed REDIS_PASSWORD needs ./start.sh"
        return Finding("Celery worker", is_ok=False, detail="Redis refuses REDIS_PASSWORD or is away", fix=fix)
    fix = "" if workers else "./logs.sh airflow-worker; ./stop.sh and ./start.sh restart it"
    return Finding("Celery worker", is_ok=workers > 0, detail=f"{workers} connected to the queue", fix=fix)


def check_spark(settings: Settings) -> Finding:
    state = probes.spark_state(settings)
    is_ok = state.status == "ALIVE" and state.workers > 0
    fix = "" if is_ok else "./logs.sh spark-master spark-worker; ./stop.sh and ./start.sh restart them"
    return Finding(
        "Spark workers", is_ok=is_ok, detail=f"master {state.status or 'away'}, {state.workers} alive", fix=fix
    )


def check_machine() -> list[Finding]:
    return [check_disk(machine.free_disk(ROOT)), check_memory(machine.available_memory())]


def check_disk(free: int) -> Finding:
    detail = f"{free / GIGABYTE:.1f} GB free"
    if free >= DISK_NEEDED:
        return Finding("disk", is_ok=True, detail=detail)
    return Finding("disk", is_ok=False, detail=detail, fix="make room: ./clean.sh names what the stack holds")


def check_memory(available: int | None) -> Finding:
    detail = "unknown" if available is None else f"{available / GIGABYTE:.1f} GB available"
    if available is None or available >= MEMORY_NEEDED:
        return Finding("memory", is_ok=True, detail=detail)
    return Finding(
        "memory", is_ok=False, detail=detail, fix="close other programs: a run needs 2 GB besides the services"
    )
