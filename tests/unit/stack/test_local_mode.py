"""Pieces of local mode that decide something."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from stack import __main__ as stack
from stack.backend import SERVICES, StackError
from stack.layout import ROOT
from stack.local import java, local_backend, postgres, processes, requirements, services, venv
from stack.local.environment import MARK, clean, without_proxy
from stack.local.local_backend import judge
from stack.settings import CATALOG, Settings


@pytest.mark.parametrize(
    ("state", "is_working", "expected"),
    [
        ("RUNNING", True, "healthy"),
        ("RUNNING", False, "starting"),
        ("STARTING", True, "starting"),
        ("BACKOFF", False, "starting"),
        ("EXITED", False, "starting"),
        ("FATAL", False, "failed"),
        ("STOPPED", False, "stopped"),
        # Another copy's service answers on the port: ours is stopped all the same.
        ("STOPPED", True, "stopped"),
    ],
)
def test_a_service_is_healthy_only_if_its_process_runs_and_it_answers(
    state: str, is_working: bool, expected: str
) -> None:
    assert judge("redis", state, "", is_working=is_working).state == expected


def test_a_process_that_ended_by_itself_is_told_as_restarting() -> None:
    assert judge("redis", "BACKOFF", "Exited too quickly", is_working=False).is_restarting


@pytest.mark.parametrize(
    ("shown", "major"),
    [('openjdk version "25.0.2"', 25), ('openjdk version "21-ea"', 21), ('version "1.8.0_402"', 1), ("", None)],
)  # fmt: skip
def test_the_version_of_a_java_is_read(shown: str, major: int | None) -> None:
    assert java.major_version(shown) == major


def test_a_folder_without_java_is_not_fit(tmp_path: Path) -> None:
    assert not java.is_fit_for_spark(tmp_path)


def test_the_shim_drops_one_flag_and_keeps_every_other_argument(tmp_path: Path) -> None:
    show = tmp_path / "real java"
    show.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    show.chmod(0o755)
    shim = tmp_path / "java"
    shim.write_text(java.SHIM.format(java=f"'{show}'"))
    given = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "a b", "", "-cp", "x"]
    shown = subprocess.run(["sh", str(shim), *given], capture_output=True, text=True, check=True).stdout
    assert shown.split("\n")[:-1] == ["-Xmx1g", "a b", "", "-cp", "x"]


def test_a_lock_counts_as_installed_only_while_it_is_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, python = tmp_path / "lock", tmp_path / "venv" / "bin" / "python"
    lock.write_text("a==1")
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(venv, "VENV", tmp_path / "venv")
    monkeypatch.setattr(venv, "MARKER", tmp_path / "marker")
    assert not venv.is_installed(lock)
    venv.mark_installed([lock])
    assert venv.is_installed(lock)
    lock.write_text("a==2")
    assert not venv.is_installed(lock)


def test_a_venv_whose_python_has_gone_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "lock"
    lock.write_text("a==1")
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").symlink_to(tmp_path / "gone")
    monkeypatch.setattr(venv, "VENV", tmp_path / "venv")
    monkeypatch.setattr(venv, "MARKER", tmp_path / "marker")
    venv.mark_installed([lock])
    assert not venv.is_installed(lock)


@pytest.mark.parametrize(("options", "told"), [([], ""), (["--json"], '{"error": "nothing is installed yet; %s"}\n')])
def test_etl_before_the_first_start_says_what_to_do(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    told: str,
) -> None:
    monkeypatch.setattr(local_backend, "VENV", tmp_path)
    monkeypatch.setattr(stack, "open_current", local_backend.LocalBackend)

    assert stack.main(["etl", "etl", "status", *options]) == 1

    fix = "./start.sh installs it"
    said = capsys.readouterr()
    assert (said.out, said.err) == (told.replace("%s", fix), f"etl: nothing is installed yet; {fix}\n")


def test_the_interpreter_for_the_venv_is_one_that_runs() -> None:
    version, python = venv.pick_python()
    shown = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout
    assert shown.startswith(f"Python {version}.")


def test_without_a_redis_the_package_to_install_is_named() -> None:
    assert "redis" in requirements.no_redis().fix


def test_the_shell_of_the_caller_does_not_leak_into_the_stack() -> None:
    shell = {"HOME": "/h", "PYTHONPATH": "/x", "PGPASSWORD": "x", "AIRFLOW__CORE__EXECUTOR": "x", "SPARK_HOME": "/s"}
    assert clean(shell) == {"HOME": "/h"}


def test_the_secret_of_redis_is_in_its_file_and_not_on_its_command_line() -> None:
    settings = Settings({setting.key: setting.default() for setting in CATALOG})
    assert f"requirepass {settings['REDIS_PASSWORD']}\n" in services.redis_config(settings)


@pytest.mark.parametrize(("mebibytes", "is_short"), [(64, True), (1024, False)])
def test_where_shared_memory_is_short_the_database_shares_files(
    mebibytes: int, is_short: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "_SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(postgres.shutil, "disk_usage", lambda _: SimpleNamespace(total=mebibytes * 2**20))

    command = postgres.server_command(Settings({setting.key: setting.default() for setting in CATALOG}))

    assert ("dynamic_shared_memory_type=mmap" in command) == is_short


def test_a_process_with_the_mark_is_found_whoever_its_parent_is() -> None:
    wait = [sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    marked = {MARK: str(ROOT)}
    with subprocess.Popen(wait, env=marked, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        assert other.pid in processes.marked()
        assert other.pid in processes.descendants(os.getpid())
        processes.end({other.pid})
        assert other.wait() == -15


def test_every_service_has_a_name_that_logs_and_messages_share() -> None:
    assert len(set(SERVICES)) == len(SERVICES) == 9


def test_what_the_services_say_to_each_other_goes_past_a_proxy() -> None:
    shell = {"http_proxy": "http://proxy.example:3128", "no_proxy": "intranet.example"}
    assert without_proxy(shell, "10.0.0.5")["no_proxy"] == "intranet.example,localhost,127.0.0.1,10.0.0.5"
    assert without_proxy({}, "127.0.0.1")["NO_PROXY"].startswith("localhost,")


def test_before_the_first_start_there_is_said_to_be_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_backend, "LOGS", tmp_path)

    with pytest.raises(StackError, match=r"no service has said anything yet; \./start\.sh"):
        local_backend.LocalBackend(Settings({})).show_logs([], follow=False)
