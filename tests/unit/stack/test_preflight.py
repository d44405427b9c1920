"""The look before a start: every problem at once, each with its fix."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import preflight
from stack.machine import GIGABYTE
from stack.ports import Holder
from stack.settings import CATALOG, Settings

NODE = Holder(4312, "node server.js")


@pytest.fixture
def taken_ports() -> Iterator[tuple[int, int]]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        yield one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def settings(taken_ports: tuple[int, int]) -> Settings:
    values = {setting.key: setting.default() for setting in CATALOG}
    spare = dict.fromkeys(("SPARK_UI_PORT", "SPARK_PORT", "REDIS_PORT"), "0")
    return Settings(values | spare | {"AIRFLOW_PORT": str(taken_ports[0]), "POSTGRES_PORT": str(taken_ports[1])})


def test_every_port_that_is_taken_is_told_with_its_holder_and_two_fixes(settings: Settings) -> None:
    problems = preflight.check_ports(settings, running=(), find_holder=lambda _: NODE)
    assert [problem.what for problem in problems] == [
        f"port {settings['AIRFLOW_PORT']} is taken by pid 4312 (node server.js)",
        f"port {settings['POSTGRES_PORT']} is taken by pid 4312 (node server.js)",
    ]
    assert problems[0].fix.startswith("stop it (kill 4312), or set another in .env, such as AIRFLOW_PORT=")


def test_a_port_that_the_stack_itself_holds_is_no_problem(settings: Settings) -> None:
    problems = preflight.check_ports(settings, running={"airflow-api-server"}, find_holder=lambda _: NODE)
    assert [problem.what for problem in problems] == [f"port {settings['POSTGRES_PORT']} is taken by {NODE}"]


def test_no_port_is_proposed_that_another_service_has_or_is_proposed(settings: Settings) -> None:
    taken = settings.port("AIRFLOW_PORT")
    crowded = {"SPARK_UI_PORT": str(taken + 1), "SPARK_PORT": str(taken + 2), "POSTGRES_PORT": str(taken)}
    problems = preflight.check_ports(
        Settings({**settings.values, **crowded}), running={"spark-master"}, find_holder=lambda _: NODE
    )
    proposed = [int(problem.fix.rpartition("=")[2]) for problem in problems]
    assert len(proposed) == len(set(proposed)) == 2
    assert min(proposed) > taken + 2


def test_a_port_published_by_a_container_is_not_to_be_killed() -> None:
    fix = preflight.taken("AIRFLOW_PORT", 8080, Holder(77, "docker-proxy -proto tcp"), proposed=8090).fix
    assert fix.startswith("stop the container that publishes it")


def test_an_address_that_is_not_of_this_machine_is_told_once() -> None:
    values = {setting.key: setting.default() for setting in CATALOG} | {"BIND_ADDRESS": "203.0.113.7"}
    (problem,) = preflight.check_address(Settings(values))
    assert (problem.what, problem.fix) == (
        "this machine has no address 203.0.113.7",
        "set BIND_ADDRESS=127.0.0.1 in .env",
    )


@pytest.mark.parametrize(
    ("available_gb", "verdicts"), [(8, []), (4, []), (3, ["warning"]), (1, ["fatal"]), (None, [])]
)  # fmt: skip
def test_little_memory_is_a_warning_and_very_little_is_fatal(available_gb: int | None, verdicts: list[str]) -> None:
    available = None if available_gb is None else available_gb * GIGABYTE
    problems = preflight.check_memory(available)
    assert ["fatal" if problem.is_fatal else "warning" for problem in problems] == verdicts


def test_a_full_disk_is_told_in_gigabytes() -> None:
    (problem,) = preflight.check_disk(GIGABYTE // 2, needed=5 * GIGABYTE)
    assert problem.what.startswith("0.5 GB are free on the disk of")
    assert problem.what.endswith("this start needs 5 GB")
    assert preflight.check_disk(5 * GIGABYTE, needed=5 * GIGABYTE) == []


@pytest.mark.parametrize("name", ["x86_64", "AMD64", "aarch64", "arm64"])
def test_the_usual_processors_are_fine(name: str) -> None:
    assert preflight.check_processor(name) == []


def test_another_processor_is_a_problem() -> None:
    assert [problem.what for problem in preflight.check_processor("riscv64")] == ["the processor is riscv64"]


def test_a_folder_that_another_user_has_left_closed_is_told_with_its_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, and tests may run as root: only the question is answered for another user.
    monkeypatch.setattr("os.access", lambda *_: False)
    (problem,) = preflight.check_folder(tmp_path / "not" / "yet" / "made")
    assert problem.what == f"{tmp_path} belongs to {tmp_path.owner()} and is closed to you"
    assert problem.fix.startswith("sudo chown -R")
