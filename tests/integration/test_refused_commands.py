"""A command of ./etl that cannot be done says why: in a sentence, in its exit code, and in JSON where asked for."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import ConfigurationError, WarehouseUnavailable
from stack.waiting import wait_until
from tests.integration.drawn_release import FIRST, publish, stage
from tests.integration.pipeline import PROJECT, Pipeline
from tests.integration.test_roles import as_role


@pytest.fixture
def here(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A project and a warehouse with nothing in it, as the environment of a command describes them."""
    pipeline.describe_in(monkeypatch)
    return pipeline


def etl(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False).output


def environ_of(pipeline: Pipeline) -> dict[str, str]:
    """For a command in a process of its own."""
    python = f"{PROJECT / 'spark'}:{PROJECT}"
    return {"PYTHONPATH": python, "PIPELINE_HOME": str(pipeline.home), "WAREHOUSE_DSN": pipeline.dsn}


def ended(*arguments: str) -> int:
    """The exit code of a command that is refused."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    return int(str(end.value.code))


@pytest.mark.parametrize(
    "command", ["status", "summary", "check", "init", "plan", "quarantine list", "releases", "acknowledge 1"]
)
def test_a_login_that_lacks_a_right_is_named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    replace(pipeline, dsn=as_role(pipeline.dsn, "reader")).describe_in(monkeypatch)

    with pytest.raises(ConfigurationError, match=r"permission denied for .*: the login reader lacks this right; "):
        etl(*command.split())


def test_a_warehouse_without_tables_is_not_taken_for_a_wrong_configuration(
    clone_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", clone_database())

    with pytest.raises(WarehouseUnavailable, match=r"\./etl init creates the tables"):
        etl("check")


def test_a_server_that_answers_without_the_warehouse_is_not_told_to_start(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", postgres_server.replace("/postgres", "/nowhere"))

    with pytest.raises(WarehouseUnavailable, match=r'"nowhere" does not exist; \./start\.sh waits for it and makes'):
        etl("status")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("command", "code"),
    [
        *[("summary", 17), ("summary --run x", 11), ("plan", 20), ("acknowledge 7", 21), ("verify --size x", 11)],
        *[("releases diff 1 2", 20), ("releases restore 1", 20), ("releases resume", 20)],
        *[
            ("quarantine list --dataset x", 11),
            ("quarantine show --since x", 11),
            ("quarantine export --dataset x", 11),
        ],
    ],
)
def test_an_error_is_told_to_programs_too(capsys: pytest.CaptureFixture[str], command: str, code: int) -> None:
    assert ended(*command.split()) == code
    plain = capsys.readouterr()
    assert ended(*command.split(), "--json") == code
    told = capsys.readouterr()

    assert plain.out == ""
    assert plain.err == told.err
    assert json.loads(told.out) == {"error": told.err.removesuffix("\n")}


def test_an_answer_that_is_an_error_is_told_once(here: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
    (here.home / "sql/checks/mine.sql").write_text("-- Severity: error\nSELECT 1 AS one\n", encoding="utf-8")

    assert ended("check", "--json") == 15
    assert "mine" in [check["name"] for check in json.loads(capsys.readouterr().out)]
    assert ended("verify", "--size", "small", "--expected", str(PROJECT / "data/expected"), "--json") == 18
    assert json.loads(capsys.readouterr().out)["agrees"] is False


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "command", ["summary --run", "acknowledge 1 --by", "quarantine list --reason", "verify --size", "nosuch"]
)
def test_an_argument_that_is_not_utf8_is_refused(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert ended(*command.split(), os.fsdecode(b"caf\xe9")) == 11

    assert capsys.readouterr().err.startswith("'caf\\xe9': not UTF-8, ")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "command",
    [
        *["quarantine show --limit 9223372036854775808", "quarantine show --limit -1", "releases --json diff 1 2"],
        *["releases diff 1 2 --limit 9223372036854775808", "quarantine replay --timeout -1"],
        *["generate --rows 20 --dirt nan", "generate --rows 20 --processes 9999999999"],
    ],
)
def test_an_option_that_means_nothing_is_refused(capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert ended(*command.split()) == 2

    assert "Invalid value" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(here: Pipeline) -> None:
    here.query("INSERT INTO quarantine.records VALUES ('sales', 'b1', 1, 'sales.csv', 'x', '[\"x\"]')")
    (here.home / "file").touch()
    command = [sys.executable, "-m", "batch_etl", "quarantine", "export", "--out", str(here.home / "file")]

    done = subprocess.run(command, env=environ_of(here), capture_output=True, text=True, check=False)

    told = f"{here.home}/file: File exists; look at the path, its rights and the room on its disk\n"
    assert (done.returncode, done.stderr) == (10, told)


@pytest.mark.usefixtures("here")
def test_a_user_without_a_name_is_asked_for_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    # As in a container that runs under the user of the machine.
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)

    assert ended("acknowledge", "1") == 11

    assert capsys.readouterr().err.startswith("--by: ")


def test_a_connection_that_is_lost_is_no_bug(here: Pipeline) -> None:
    waiting = "FROM pg_stat_activity WHERE application_name = 'releases' AND wait_event_type = 'Lock'"
    with closing(psycopg2.connect(here.dsn)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE audit.releases")
        command = [sys.executable, "-m", "batch_etl", "releases"]
        with subprocess.Popen(command, env=environ_of(here), stderr=subprocess.PIPE, text=True) as etl:
            assert wait_until(lambda: here.query(f"SELECT pid {waiting}") != [], limit_seconds=60, every_seconds=0.1)
            here.query(f"SELECT pg_terminate_backend(pid) {waiting}")
            told = etl.communicate(timeout=60)[1]

    assert etl.returncode == 17
    assert told.startswith("warehouse: ")
    assert told.endswith("; python3 validate_simple.py tells what is down\n")
    assert told.count("\n") == 1


NO_ROOM = "output: No space left on device; look at the path, its rights and the room on its disk\n"


@pytest.mark.parametrize("command", ["incidents", "releases read marts.category_sales"])
@pytest.mark.parametrize(("stdout", "code", "told"), [("/dev/full", 10, NO_ROOM), ("&-", 0, ""), ("&{}", 1, "")])
def test_an_output_that_takes_nothing_is_no_bug(
    here: Pipeline, stdout: str, code: int, told: str, command: str
) -> None:
    publish(here, "r1", stage(here, "r1", FIRST, batches=("b1",)))
    reader, writer = os.pipe()
    # Whoever writes there writes to nobody, as to `| head` that has seen enough.
    os.close(reader)
    redirected = f"{sys.executable} -m batch_etl {command} >{stdout.format(writer)}"

    done = subprocess.run(
        ["bash", "-c", redirected],
        env=environ_of(here),
        pass_fds=[writer],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (code, told)
