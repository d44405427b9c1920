"""What the backend does with the engine; `docker` is a program of the test that writes down what it is asked."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from stack.backend import StackError
from stack.compose import open_backend
from stack.compose.compose_backend import ComposeBackend, check_access, check_disk, check_memory, files_of_others
from stack.machine import GIGABYTE
from stack.progress import Progress
from stack.settings import load_settings

HEALTHY = "running\\tUp 5 minutes (healthy)"
Fake = Callable[[str], ComposeBackend]


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    return tmp_path / "calls"


@pytest.fixture
def backend_with(tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A backend whose engine answers with these lines of shell: `$1` is the command, `$*` all of it."""

    def make(answers: str) -> ComposeBackend:
        program = tmp_path / "docker"
        program.write_text(f'#!/bin/sh\necho "$*" >>{calls}\n{answers}\n', encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        return open_backend(load_settings())

    return make


def running(*services: str) -> str:
    """Shell that lists a healthy container of each of these services, and an image."""
    rows = "".join(f"{number}\\t{name}\\t{HEALTHY}\\n" for number, name in enumerate(services))
    return f'[ "$1" = ps ] && printf \'{rows}\'; [ "$1" = image ] && echo 4f2a; true'


def test_etl_runs_inside_the_worker_that_runs(backend_with: Fake, calls: Path) -> None:
    assert backend_with(running("airflow-worker")).etl(["summary", "--json"]) == 0
    last = calls.read_text(encoding="utf-8").splitlines()[-1]
    assert last == "compose exec -T --workdir /opt/pipeline airflow-worker python -m batch_etl summary --json"


def test_etl_takes_a_container_of_its_own_where_none_runs(backend_with: Fake, calls: Path) -> None:
    assert backend_with(running()).etl(["generate"]) == 0
    last = calls.read_text(encoding="utf-8").splitlines()[-1]
    assert last == "compose run --rm --no-deps -T --workdir /opt/pipeline airflow-worker python -m batch_etl generate"


def test_etl_before_the_first_build_says_what_to_do(backend_with: Fake) -> None:
    with pytest.raises(StackError, match=r"\./start\.sh builds it"):
        backend_with("true").etl(["generate"])


def test_another_start_keeps_the_workers_that_were_added(backend_with: Fake, calls: Path) -> None:
    started = '[ "$1" = inspect ] && echo 2999-01-01T00:00:00Z 2999-01-01T00:00:00Z'
    backend_with(f"{started}; {running('spark-worker', 'spark-worker')}").up(Progress())
    assert "compose up --detach --remove-orphans --scale=spark-worker=2" in calls.read_text(encoding="utf-8")


def test_changed_settings_of_spark_restart_what_read_them(backend_with: Fake, calls: Path) -> None:
    started = '[ "$1" = inspect ] && echo 2001-01-01T00:00:00Z'
    backend_with(f"{started}; {running('spark-master')}").up(Progress())
    assert "compose restart spark-master" in calls.read_text(encoding="utf-8").splitlines()


def test_a_failed_start_shows_the_last_words_of_the_service(backend_with: Fake) -> None:
    failing = """case "$*" in
      compose\\ up*) echo 'service "airflow-init" didn'"'"'t complete successfully: exit 1'; exit 1;;
      compose\\ logs*) echo 'OperationalError: password authentication failed';;
    esac"""
    with pytest.raises(StackError, match=r"(?s)airflow-init failed.+password authentication failed.+fix: .+clean\.sh"):
        backend_with(failing).up(Progress())


def test_down_does_nothing_where_nothing_is(backend_with: Fake, calls: Path) -> None:
    backend_with("true").down(Progress())
    assert not [call for call in calls.read_text(encoding="utf-8").splitlines() if call.startswith("compose")]


def test_leftovers_are_the_volumes_and_with_everything_the_image(backend_with: Fake) -> None:
    backend = backend_with('[ "$1" = volume ] && echo demo_postgres-data; [ "$1" = image ] && echo 4f2a; true')
    assert backend.leftovers(everything=False) == ["the volume demo_postgres-data"]
    assert len(backend.leftovers(everything=True)) == 2


def test_logs_of_an_unknown_service_name_those_there_are(backend_with: Fake) -> None:
    with pytest.raises(StackError, match=r"no service webserver; there are postgres, .*airflow-init"):
        backend_with("true").show_logs(["webserver"], follow=False)


def test_logs_in_a_pipe_are_plain_text(backend_with: Fake, capsys: pytest.CaptureFixture[str]) -> None:
    engine = f"{running('redis')}; [ $1 = compose ] && printf '\\033[2Kredis-1  | ready\\n'; true"
    assert backend_with(engine).show_logs(["redis"], follow=False) == 0
    assert capsys.readouterr().out == "redis-1  | ready\n"


def test_where_there_is_no_container_there_is_said_to_be_no_log(backend_with: Fake) -> None:
    with pytest.raises(StackError, match=r"no container, and so no log; \./start\.sh"):
        backend_with("true").show_logs([], follow=False)


def test_without_an_engine_the_other_mode_is_named(backend_with: Fake) -> None:
    with pytest.raises(StackError, match="--local"):
        backend_with("echo 'Cannot connect to the Docker daemon' >&2; exit 1").status()


def test_little_memory_is_a_warning_and_a_full_disk_a_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check_memory(8 * GIGABYTE) == []
    assert [problem.is_fatal for problem in check_memory(2 * GIGABYTE)] == [False]
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=1))
    assert [problem.is_fatal for problem in check_disk(tmp_path)] == [True]
    # Docker's folder is inside a virtual machine.
    assert check_disk(tmp_path / "not-here") == []


def test_files_of_this_user_need_no_help(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert list(files_of_others(tmp_path, tmp_path / "missing")) == []


def test_a_clone_that_is_closed_to_the_containers_is_found_before_they_start(tmp_path: Path) -> None:
    other = os.getuid() + 1
    tmp_path.chmod(0o700)
    assert [problem.fix for problem in check_access(tmp_path, other)] == ["chmod -R a+rX ."]
    assert check_access(tmp_path, os.getuid()) == []
    tmp_path.chmod(0o755)
    assert check_access(tmp_path, other) == []
