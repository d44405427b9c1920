"""A clone of what is committed, with ports of its own, driven as a person drives it."""

import os
import subprocess
from functools import cached_property
from pathlib import Path

from stack.airflow_api import AirflowApi, Json
from stack.dag_run import DAG_ID
from stack.ports import next_free
from stack.settings import Settings, load_settings
from stack.waiting import wait_until

PROJECT = Path(__file__).resolve().parents[1]
LOOPBACK = "127.0.0.1"
PORTS = {
    "AIRFLOW_PORT": 28080,
    "SPARK_UI_PORT": 28180,
    "SPARK_PORT": 28280,
    "POSTGRES_PORT": 28380,
    "REDIS_PORT": 28480,
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
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def succeed(self, *command: str) -> str:
        done = self.run(*command)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def begin(self, *command: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(command, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def containers(self, service: str | None = None) -> list[str]:
        """Ids of the containers that run, of one service or of all."""
        labels = [f"com.docker.compose.project={self.project}"]
        labels += [f"com.docker.compose.service={service}"] if service else []
        filters = [word for label in labels for word in ("--filter", f"label={label}")]
        return self.succeed("docker", "ps", "--quiet", *filters).split()

    def wait_for_task(self, task: str) -> None:
        """Until this task of the run that is at work has begun."""

        def has_begun() -> bool:
            return any(one["task_id"] == task and one["state"] == "running" for one in self._tasks_of_running_runs())

        assert wait_until(has_begun, limit_seconds=600, every_seconds=1), f"{task} has not begun"

    def _tasks_of_running_runs(self) -> list[Json]:
        runs = self.airflow.call("GET", f"/api/v2/dags/{DAG_ID}/dagRuns?state=running")["dag_runs"]
        return [task for run in runs for task in self.airflow.task_instances(DAG_ID, run["dag_run_id"])]

    def crash(self, service: str) -> None:
        """End a container's first process without warning. `docker kill` would count as a stop that was wished for."""
        pid = self.succeed("docker", "inspect", "--format={{.State.Pid}}", self.containers(service)[0]).strip()
        # From a container, as the processes of containers belong to other users than the one who runs the tests.
        as_root = ["--user=0", "--pid=host", "--cap-add=KILL", "--entrypoint=kill"]
        self.succeed("docker", "run", "--rm", *as_root, f"{self.project}-airflow:3.3.2", "-9", pid)
