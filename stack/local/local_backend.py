"""The local mode behind the scripts: what `stack.backend.Backend` asks of it."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from stack import probes
from stack.backend import SERVICES, Problem, ServiceStatus, StackError
from stack.layout import (
    AIRFLOW_HOME,
    LOCAL,
    LOCAL_LOCK,
    LOGS,
    POSTGRES_DATA,
    POSTGRES_PASSWORD,
    REDIS_DATA,
    ROOT,
    SPARK_SCRATCH,
    VENV,
    shown,
)
from stack.local import aot, environment, java, metadata, postgres, processes, requirements, services, supervisor, venv
from stack.progress import Progress
from stack.settings import Settings
from stack.waiting import wait_until

# Ended last, when everything that uses them is gone.
DATABASES = ("postgres", "redis")
# What needs no database and can start before it is there.
BEFORE_DATABASE = ("redis", "spark-master", "spark-worker")


class LocalBackend:
    name: Literal["local"] = "local"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def check(self) -> list[Problem]:
        orphans = set() if supervisor.is_running() else processes.marked()
        return [*requirements.check(), *([requirements.orphaned(orphans)] if orphans else [])]

    def up(self, progress: Progress) -> None:
        if not venv.is_installed():
            # What runs must not have its packages exchanged under it.
            self.down(progress)
        venv.install(progress)
        services.write_configuration(self._settings)
        postgres.initialise()
        processes_environment = environment.service_environment(self._settings, java.java_home())
        self._launch_supervisor(processes_environment, progress)
        supervisor.start(["postgres", *BEFORE_DATABASE])
        if not wait_until(lambda: postgres.is_ready(self._settings), limit_seconds=60):
            raise StackError("\n  ".join(["postgres takes no connections:", *self.log_tail("postgres", 8)]))
        metadata.migrate(self._settings, processes_environment, progress)
        supervisor.start(SERVICES)
        metadata.create_account(self._settings, processes_environment, progress)

    def _launch_supervisor(self, processes_environment: dict[str, str], progress: Progress) -> None:
        programs = services.programs(self._settings)
        fingerprint = self._fingerprint(programs)
        if supervisor.is_running() and not supervisor.launched_with(fingerprint):
            progress.say("the settings have changed: restarting all services")
            self.down(progress)
        if not supervisor.is_running():
            supervisor.launch(programs, environment.supervised(processes_environment, aot.made_cache()), fingerprint)

    def _fingerprint(self, programs: Sequence[supervisor.Program]) -> str:
        """Changes with whatever running services would have to be restarted for. A hash, for it holds every secret."""
        parts = (
            supervisor.render_config(programs),
            sorted(environment.stack_environment(self._settings, VENV).items()),
            services.spark_configuration(self._settings, aot_cache=None),
            venv.digest(LOCAL_LOCK),
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def prepare(self, progress: Progress) -> None:
        with progress.step("preparing the warehouse's tables"):
            if self.etl(["init"]):
                raise StackError("./etl init failed; its message stands above")
        if not aot.cache_file().exists():
            supervisor.start([aot.PROGRAM])

    def down(self, progress: Progress) -> None:
        known = processes.marked()
        if supervisor.is_running():
            known |= processes.descendants(supervisor.pid())
            with progress.step("stopping the services"):
                supervisor.stop([name for name in SERVICES if name not in DATABASES])
                supervisor.stop(DATABASES)
                supervisor.shut_down()
        processes.end(known)

    def status(self) -> list[ServiceStatus]:
        states = supervisor.states()
        working = self._working() if states else set()
        return [judge(name, *states.get(name, ("STOPPED", "")), is_working=name in working) for name in SERVICES]

    def _working(self) -> set[str]:
        """The services that answer as they should, whatever their processes look like."""
        health = probes.airflow_health(self._settings)
        spark = probes.spark_state(self._settings)
        consumers = probes.celery_workers(self._settings)
        answers = {
            "postgres": probes.postgres_accepts(self._settings),
            "redis": consumers is not None,
            "spark-master": spark.status == "ALIVE",
            "spark-worker": spark.workers > 0,
            "airflow-api-server": health.get("metadatabase") == "healthy",
            "airflow-scheduler": health.get("scheduler") == "healthy",
            "airflow-dag-processor": health.get("dag_processor") == "healthy",
            "airflow-triggerer": health.get("triggerer") == "healthy",
            "airflow-worker": bool(consumers),
            "spark-connect": probes.connect_accepts(self._settings),
        }
        return {name for name, is_working in answers.items() if is_working}

    def log_tail(self, service: str, lines: int) -> list[str]:
        log = LOGS / f"{service}.log"
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:] if log.exists() else []

    def show_logs(self, services: Sequence[str], *, follow: bool) -> int:
        present = {log.stem: log for log in sorted(LOGS.glob("*.log"))}
        if unknown := [name for name in services if name not in present]:
            raise StackError(f"no log of {', '.join(unknown)}; there are logs of {', '.join(present) or 'nothing yet'}")
        logs = [str(present[name]) for name in services or SERVICES if name in present]
        if not logs:
            raise StackError("no service has said anything yet; ./start.sh starts them")
        return subprocess.run(["tail", "-n", "50", *(["-F"] if follow else []), *logs], check=False).returncode

    def memory_bytes(self) -> int:
        return processes.memory_bytes(processes.descendants(supervisor.pid()) | processes.marked())

    def crash(self, service: str) -> None:
        first = supervisor.pid_of(service)
        processes.kill({first, *processes.descendants(first)})

    def etl(self, arguments: Sequence[str]) -> int:
        if not (VENV / "bin" / "python").exists():
            raise StackError("nothing is installed yet; ./start.sh installs it")
        command = [str(VENV / "bin" / "python"), "-m", "batch_etl", *arguments]
        sys.stdout.flush()
        own = environment.service_environment(self._settings, java.java_home())
        return subprocess.run(command, env=own, cwd=ROOT, check=False).returncode

    def leftovers(self, *, everything: bool) -> list[str]:
        return [f"{name} ({shown(path)})" for path, name in self._kept(everything=everything).items() if path.exists()]

    def remove(self, *, everything: bool) -> None:
        for path in self._kept(everything=everything):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _kept(self, *, everything: bool) -> dict[Path, str]:
        if everything:
            return {LOCAL: "databases, virtual environment and all else of local mode"}
        return {
            POSTGRES_DATA: "the databases airflow and data_warehouse",
            POSTGRES_PASSWORD: "their superuser's password",
            REDIS_DATA: "queued tasks",
            AIRFLOW_HOME: "Airflow's home",
            SPARK_SCRATCH: "scratch files of Spark",
        }


def judge(name: str, state: str, description: str, *, is_working: bool) -> ServiceStatus:
    """Turn supervisor's word for a process and what a probe found into one status."""
    if state in {"STOPPED", "STOPPING", "UNKNOWN"}:
        return ServiceStatus(name, "stopped")
    if state == "FATAL":
        return ServiceStatus(name, "failed", description)
    if state in {"BACKOFF", "EXITED"}:
        return ServiceStatus(name, "starting", f"ended, and is started again: {description}", is_restarting=True)
    if is_working and state == "RUNNING":
        return ServiceStatus(name, "healthy")
    return ServiceStatus(name, "starting", "does not answer yet")
