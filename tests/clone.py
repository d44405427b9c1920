"""A clone of what is committed, with ports of its own, driven as a person drives it."""

import os
import subprocess
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from stack.airflow_api import AirflowApi
from stack.backend import StackError
from stack.dag_run import DAG_ID, ENDED
from stack.ports import next_free
from stack.settings import Settings, load_settings
from stack.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[1]
LIMIT_SECONDS = 900
LOOPBACK = "127.0.0.1"
PORTS = {
    "AIRFLOW_PORT": 28080,
    "SPARK_UI_PORT": 28180,
    "SPARK_PORT": 28280,
    "POSTGRES_PORT": 28380,
    "REDIS_PORT": 28480,
    "SPARK_CONNECT_PORT": 28580,
}


class Stack:
    """The clone, driven by its scripts and by `docker`."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
        self.folder = folder
        self.project = f"data-pipeline-test-{os.getpid()}"

    def write_settings(self) -> None:
        """What must differ from the stack that may run on this machine; ./start.sh completes the file."""
        lines = [f"{key}={next_free(LOOPBACK, port)}" for key, port in PORTS.items()]
        lines.append(f"COMPOSE_PROJECT_NAME={self.project}")
        (self.folder / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def settings(self) -> Settings:
        return load_settings(self.folder / ".env")

    @cached_property
    def airflow(self) -> AirflowApi:
        return AirflowApi.of(self.settings)

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(command, cwd=self.folder, env=_environment(), capture_output=True, text=True, check=False)

    def succeed(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def containers(self, service: str | None = None) -> list[str]:
        """Ids of the containers that run, of one service or of all."""
        labels = [f"com.docker.compose.project={self.project}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        return self.succeed("docker", "ps", "--quiet", *filters).split()

    def wait_for_task(self, run_id: str, task: str) -> None:
        """Until this task of the run is at work, or was: it may take less than the time between two looks."""

        def has_begun() -> bool:
            tasks = self.airflow.task_instances(DAG_ID, run_id)
            return any(one["task_id"] == task and one["state"] in ("running", *ENDED) for one in tasks)

        assert wait_until(has_begun, limit_seconds=LIMIT_SECONDS, every_seconds=0.5), f"{task} has not begun"

    def wait_for_run(self, run_id: str) -> str:
        """How the run ends. While it goes on, Airflow may be away."""
        states: list[str] = []

        def has_ended() -> bool:
            with suppress(StackError):
                states.append(self.airflow.run_state(DAG_ID, run_id))
            return bool(states) and states[-1] in ENDED

        wait_until(has_ended, limit_seconds=LIMIT_SECONDS, every_seconds=1)
        return states[-1]

    def crash(self, service: str) -> None:
        """End a container's first process without warning. `docker kill` would count as a stop that was wished for."""
        pid = self.succeed("docker", "inspect", "--format={{.State.Pid}}", self.containers(service)[0]).strip()
        # From a container, as the processes of containers belong to other users than the one who runs the tests.
        as_root = ["--user=0", "--pid=host", "--cap-add=KILL", "--entrypoint=kill"]
        self.succeed("docker", "run", "--rm", *as_root, f"{self.project}-airflow:3.3.2", "-9", pid)


def _environment() -> dict[str, str]:
    """As a shell of a person has it: nothing of the tests' own Python and Java."""
    ours = ("PYTHON", "PYSPARK", "AIRFLOW", "JAVA_HOME", "SPARK")
    return {key: value for key, value in os.environ.items() if not key.startswith(ours)}
