"""The local stack from end to end, as a person uses it: start, look, start again, stop."""

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

PROJECT = Path(__file__).resolve().parents[2]
PORTS = ("AIRFLOW_PORT", "SPARK_UI_PORT", "SPARK_PORT", "POSTGRES_PORT", "REDIS_PORT")
TASKS = (
    *("data_ingestion", "data_cleaning", "data_transformation", "data_loading"),
    *("quality_checks", "publish", "daily_summary", "notifications"),
)


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of this checkout with ports of its own; only the installed packages are shared. Nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="pipeline-stack-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        listed = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
        for file in filter(None, listed.split("\0")):
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / file, folder / file)
        (folder / ".local").mkdir()
        (folder / ".local/venv").symlink_to(PROJECT / ".local/venv")
        (folder / ".env").write_text("".join(f"{key}={port}\n" for key, port in free_ports().items()))
        yield folder
        script(folder, "./stop.sh")


def free_ports() -> dict[str, int]:
    """A port for each service; all are held until the last is found, so that no two are the same."""
    with ExitStack() as held:
        sockets = {key: held.enter_context(socket.socket()) for key in PORTS}
        for listener in sockets.values():
            listener.bind(("127.0.0.1", 0))
        return {key: int(listener.getsockname()[1]) for key, listener in sockets.items()}


def script(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    # As a shell of a person has it: nothing of the tests' own Python.
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "AIRFLOW", "PYSPARK"))}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def settings(folder: Path) -> dict[str, str]:
    lines = (folder / ".env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def ask(url: str, *, token: str = "", body: dict[str, str] | None = None) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(url, headers=headers, data=data)  # noqa: S310 - an address of this file
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def tasks_told(output: str) -> list[tuple[str, str]]:
    """The tasks that a start tells as they end, each with its state."""
    return re.findall(rf"^\[.*?\] +({'|'.join(TASKS)}) +(\w+) ", output, re.MULTILINE)


def stages_told(output: str) -> dict[str, str]:
    """What the summary of a start says of each stage: `done` or `nothing new`."""
    table = output.partition("\nStages\n")[2]
    return dict(re.findall(rf"^ +({'|'.join(TASKS)}) +(\w+(?: \w+)*)  ", table, re.MULTILINE))


@pytest.mark.timeout(1800)
def test_a_start_runs_the_pipeline_a_second_one_loads_nothing_twice_and_a_stop_leaves_nothing(checkout: Path) -> None:
    first = script(checkout, "./start.sh", "--local", "--size", "small")

    assert (first.returncode, first.stderr) == (0, "")
    assert tasks_told(first.stdout) == [(task, "success") for task in TASKS]
    assert stages_told(first.stdout) == dict.fromkeys(TASKS, "done")
    assert "published as release 1" in first.stdout
    assert "Records: 60 in 3 files = 57 clean + 2 quarantined + 1 duplicates; 0 files refused" in first.stdout
    assert re.search(r"^  sales +region: not an allowed value +1$", first.stdout, re.MULTILINE)
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600

    ports = settings(checkout)
    assert_airflow_agrees(f"http://127.0.0.1:{ports['AIRFLOW_PORT']}")
    assert_spark_worked(f"http://127.0.0.1:{ports['SPARK_UI_PORT']}")
    verified = script(checkout, "./etl", "verify", "--size", "small")
    assert (verified.returncode, verified.stderr) == (0, "")

    second = script(checkout, "./start.sh")

    assert (second.returncode, second.stderr) == (0, "")
    assert "mode: local" in second.stdout
    assert "nothing new, release 1 stays" in second.stdout
    assert stages_told(second.stdout) == {**dict.fromkeys(TASKS, "nothing new"), "daily_summary": "done"}
    dsn = f"postgresql://airflow:airflow123@127.0.0.1:{ports['POSTGRES_PORT']}/data_warehouse"
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT outcome, release, sales FROM marts.daily_summary ORDER BY summarised_at")
        assert cursor.fetchall() == [("published", 1, 19), ("unchanged", 1, 19)]

    stopped = script(checkout, "./stop.sh")

    assert (stopped.returncode, stopped.stderr) == (0, "")
    for port in PORTS:
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", int(ports[port]))) != 0, f"{port} still answers"


def assert_airflow_agrees(url: str) -> None:
    """What the REST API says to the demo's account, and that it says nothing to others."""
    with pytest.raises(urllib.error.HTTPError, match="401"):
        ask(f"{url}/auth/token", body={"username": "admin", "password": "wrong"})
    token = ask(f"{url}/auth/token", body={"username": "admin", "password": "admin123"})["access_token"]
    runs = ask(f"{url}/api/v2/dags/data_pipeline_etl/dagRuns", token=token)["dag_runs"]
    assert [(run["state"], run["conf"]) for run in runs] == [("success", {"dataset_size": "small"})]
    instances = f"{url}/api/v2/dags/data_pipeline_etl/dagRuns/{runs[0]['dag_run_id']}/taskInstances"
    tried = {
        task["task_id"]: (task["state"], task["try_number"]) for task in ask(instances, token=token)["task_instances"]
    }
    assert tried == dict.fromkeys(TASKS, ("success", 1))


def assert_spark_worked(url: str) -> None:
    """The standalone master tells which jobs ran on its worker."""
    state = ask(f"{url}/json/")
    assert (state["status"], state["aliveworkers"]) == ("ALIVE", 1)
    finished = {job["name"].split(" ")[0] for job in state["completedapps"] if job["state"] == "FINISHED"}
    assert finished == set(TASKS[:4])
