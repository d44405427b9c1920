"""Compose mode for real: built, run, scaled, crashed and cleaned, in the order of this file.

Needs a Docker engine, 8 GB of disk, 6 GB of memory and 20 to 40 minutes, so it runs only when asked for:

    WITH_DOCKER=1 .local/venv/bin/python -m pytest tests/docker

It works on a clone of what is committed, with ports and names of its own; a stack that runs is left alone.
"""

import pytest

from stack.backend import SERVICES
from stack.dag_run import DAG_ID
from tests.clone import PORTS, Stack

pytestmark = pytest.mark.timeout(3600)

SECRETS = ("REDIS_PASSWORD", "FERNET_KEY", "API_SECRET_KEY", "JWT_SECRET", "SPARK_SECRET", "AIRFLOW_ADMIN_PASSWORD")


def test_without_settings_compose_says_what_to_do(stack: Stack) -> None:
    refused = stack.run("docker", "compose", "--env-file", "/dev/null", "config")
    assert refused.returncode
    assert "run ./start.sh once" in refused.stderr


def test_one_command_ends_with_the_expected_warehouse(stack: Stack) -> None:
    told = stack.succeed("./start.sh", "--docker", "--size", "small")
    assert "run success" in told
    assert len(stack.containers()) == len(SERVICES)
    stack.succeed("./etl", "verify", "--size", "small")
    stack.succeed("./run_validation.sh", "--quick")


def test_another_start_changes_nothing(stack: Stack) -> None:
    before = stack.containers()
    stack.succeed("./start.sh", "--no-run")
    assert stack.containers() == before
    stack.succeed("./etl", "verify", "--size", "small")


def test_every_published_port_is_on_the_loopback(stack: Stack) -> None:
    published = stack.succeed("docker", "inspect", "--format={{json .NetworkSettings.Ports}}", *stack.containers())
    # A session that stages share is for another mode.
    wanted = PORTS.keys() - {"SPARK_CONNECT_PORT"}
    assert published.count('"HostIp":"127.0.0.1"') == published.count('"HostIp"') == len(wanted)


def test_no_secret_shows_among_the_processes(stack: Stack) -> None:
    shown = "".join(stack.succeed("docker", "top", container, "-eo", "pid,args") for container in stack.containers())
    assert [key for key in SECRETS if stack.settings[key] in shown] == []


def test_containers_read_neither_the_settings_nor_write_the_code(stack: Stack) -> None:
    worker = ("docker", "compose", "exec", "-T", "airflow-worker")
    assert "=" not in stack.succeed(*worker, "cat", "/opt/pipeline/.env")
    assert stack.run(*worker, "touch", "/opt/pipeline/dags/mine.py").returncode


def test_files_are_generated_beside_those_that_are_committed(stack: Stack) -> None:
    stack.succeed("./etl", "generate", "--rows", "20")
    written = [file for kind in ("raw", "expected") for file in (stack.folder / "data" / kind).glob("*20.*")]
    assert {file.name for file in written} >= {"sales_data_20.csv", "sales_data_20.csv.answers.csv"}
    for file in written:
        file.unlink()


def test_two_workers_of_each_share_a_run(stack: Stack) -> None:
    two = ["--scale=spark-worker=2", "--scale=airflow-worker=2"]
    stack.succeed("docker", "compose", "up", "--detach", "--wait", *two)
    stack.succeed("./start.sh", "--size", "medium")
    assert [len(stack.containers(service)) for service in ("spark-worker", "airflow-worker")] == [2, 2]
    stack.succeed("./etl", "verify", "--size", "medium")
    stack.succeed("docker", "compose", "up", "--detach", "--wait")


@pytest.mark.parametrize(
    ("service", "task"),
    [
        ("spark-worker", "data_transformation"),
        ("airflow-worker", "data_loading"),
        ("redis", "data_ingestion"),
        ("postgres", "data_loading"),
    ],
)
def test_a_run_outlives_the_crash_of_a_service(stack: Stack, service: str, task: str) -> None:
    # Else the first of these runs would leave nothing to do for the others.
    run_id = stack.airflow.trigger(DAG_ID, {"dataset_size": "large", "full_refresh": True})
    stack.wait_for_task(run_id, task)
    stack.crash(service)
    assert stack.wait_for_run(run_id) == "success"
    stack.succeed("./etl", "verify", "--size", "large")


def test_what_was_stopped_goes_on_with_its_data(stack: Stack) -> None:
    stack.succeed("./stop.sh")
    assert stack.containers() == []
    stack.succeed("./start.sh", "--docker", "--no-run")
    stack.succeed("./etl", "verify", "--size", "large")


def test_cleaning_leaves_nothing(stack: Stack) -> None:
    stack.succeed("./clean.sh", "--all", "--yes")
    label = f"label=com.docker.compose.project={stack.project}"
    assert stack.succeed("docker", "ps", "--all", "--quiet", "--filter", label) == ""
    assert stack.succeed("docker", "volume", "ls", "--quiet", "--filter", label) == ""
    assert stack.succeed("docker", "image", "ls", "--quiet", f"{stack.project}-airflow") == ""
    assert not (stack.folder / "data" / "processed").exists()
