"""`.env`: made once, completed later, never shown to others."""

import base64
import re
import stat
from pathlib import Path

import pytest

from stack.backend import StackError
from stack.settings import CATALOG, complete_env_file, load_settings, parse_env

GENERATED = (
    "REDIS_PASSWORD",
    "POSTGRES_SUPERUSER_PASSWORD",
    "WAREHOUSE_LOADER_PASSWORD",
    "WAREHOUSE_READER_PASSWORD",
    "FERNET_KEY",
    "API_SECRET_KEY",
    "JWT_SECRET",
    "SPARK_SECRET",
)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_the_first_start_writes_every_setting_for_its_owner_alone(env_file: Path) -> None:
    assert complete_env_file(env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    assert list(parse_env(env_file.read_text())) == [setting.key for setting in CATALOG]


@pytest.mark.parametrize(("written", "reason"), [(b"USER=caf\xe9\n", "not UTF-8"), (None, "Is a directory")])
def test_a_file_that_cannot_be_read_is_told_with_what_it_should_be(
    env_file: Path, written: bytes | None, reason: str
) -> None:
    env_file.mkdir() if written is None else env_file.write_bytes(written)

    for read in (load_settings, complete_env_file):
        with pytest.raises(StackError, match=rf"^\.env: {reason}; make it a file of yours, in UTF-8"):
            read(env_file)


def test_a_second_start_changes_nothing(env_file: Path) -> None:
    complete_env_file(env_file)
    before = env_file.read_text()
    assert not complete_env_file(env_file)
    assert env_file.read_text() == before


def test_what_a_person_wrote_stays_and_only_what_lacks_is_added(env_file: Path) -> None:
    env_file.write_text("# my ports\nAIRFLOW_PORT=9090\n")
    complete_env_file(env_file)
    assert env_file.read_text().startswith("# my ports\nAIRFLOW_PORT=9090\n")
    assert env_file.read_text().count("AIRFLOW_PORT=") == 1
    assert load_settings(env_file)["SPARK_UI_PORT"] == "8081"


def test_a_file_that_was_open_to_all_is_closed(env_file: Path) -> None:
    complete_env_file(env_file)
    env_file.chmod(0o644)
    complete_env_file(env_file)
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600


def test_two_machines_share_no_secret(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    complete_env_file(one)
    complete_env_file(other)
    for key in GENERATED:
        assert len(load_settings(one)[key]) >= 43
        assert load_settings(one)[key] != load_settings(other)[key]


def test_the_fernet_key_is_32_bytes_in_url_safe_base64(env_file: Path) -> None:
    complete_env_file(env_file)
    assert len(base64.urlsafe_b64decode(load_settings(env_file)["FERNET_KEY"])) == 32


def test_every_line_of_the_generated_file_is_a_comment_or_a_setting_compose_can_read(env_file: Path) -> None:
    complete_env_file(env_file)
    # Compose would take $ for a variable, and a quote or a blank and # would change the value.
    values = [line.partition("=")[2] for line in env_file.read_text().splitlines() if line and line[0] != "#"]
    assert not [value for value in values if set(value) & set("$'\" #")]


@pytest.mark.parametrize(
    ("line", "value"),
    [("KEY=plain", "plain"), ("KEY = spaced ", "spaced"), ('KEY="a b"', "a b"), ("KEY='#1'", "#1"), ("KEY=", ""),
     ("KEY=a=b", "a=b"), ("KEY=value # a comment", "value"), ("KEY=a#b", "a#b")],
)  # fmt: skip
def test_a_line_is_read_as_compose_reads_it(line: str, value: str) -> None:
    assert parse_env(f"# comment\n\n{line}\n") == {"KEY": value}


def test_a_line_that_is_no_setting_is_named_with_its_number() -> None:
    with pytest.raises(StackError, match=r"\.env: line 2: 'nonsense' is not KEY=VALUE"):
        parse_env("A=1\nnonsense\n")


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_what_is_no_port_is_refused_by_name(env_file: Path, port: str) -> None:
    env_file.write_text(f"AIRFLOW_PORT={port}\n")
    with pytest.raises(StackError, match=rf"\.env: AIRFLOW_PORT={port}: not a port"):
        load_settings(env_file)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("AIRFLOW_PROT=9090", "AIRFLOW_PROT: unknown; did you mean AIRFLOW_PORT?"),
        ("SPARK_WORKER_CORES=lots", "SPARK_WORKER_CORES=lots: not a number of cores such as 2"),
        ("SPARK_WORKER_MEMORY=2 gigs", "SPARK_WORKER_MEMORY=2 gigs: not a size such as 2g or 1500m"),
        ("SPARK_WORKER_MEM_LIMIT=0g", "SPARK_WORKER_MEM_LIMIT=0g: not a size such as 2g or 1500m"),
        ("PIPELINE_SCHEDULE=every day", "PIPELINE_SCHEDULE=every day: not a cron line such as 0 2 * * *, or @daily"),
    ],
)
def test_what_would_fail_later_or_count_for_nothing_is_refused_by_name(env_file: Path, line: str, told: str) -> None:
    env_file.write_text(f"{line}\n")
    with pytest.raises(StackError, match=rf"^\.env: {re.escape(told)}$"):
        load_settings(env_file)


def test_a_file_with_a_misspelt_setting_is_left_as_it_is(env_file: Path) -> None:
    env_file.write_text("AIRFLOW_PROT=9090\n")
    with pytest.raises(StackError, match="did you mean AIRFLOW_PORT"):
        complete_env_file(env_file)
    assert env_file.read_text() == "AIRFLOW_PROT=9090\n"


@pytest.mark.parametrize("schedule", ["", "0 2 * * *", "*/15 8-18 * * 1-5", "@daily"])
def test_a_schedule_and_the_settings_of_others_are_taken(env_file: Path, schedule: str) -> None:
    env_file.write_text(f"PIPELINE_SCHEDULE={schedule}\nCOMPOSE_PARALLEL_LIMIT=2\nHTTP_PROXY=x\n")
    assert load_settings(env_file)["PIPELINE_SCHEDULE"] == schedule


def test_two_services_on_one_port_are_refused(env_file: Path) -> None:
    env_file.write_text("AIRFLOW_PORT=8081\n")
    with pytest.raises(StackError, match="SPARK_UI_PORT and AIRFLOW_PORT are both 8081"):
        load_settings(env_file)


def test_a_password_that_would_break_a_url_is_refused(env_file: Path) -> None:
    env_file.write_text("POSTGRES_PASSWORD=p@ss/word\n")
    with pytest.raises(StackError, match="POSTGRES_PASSWORD: only letters"):
        load_settings(env_file)


def test_a_wildcard_address_is_reached_by_the_loopback(env_file: Path) -> None:
    env_file.write_text("BIND_ADDRESS=0.0.0.0\nAIRFLOW_PORT=9090\n")
    assert load_settings(env_file).airflow_url == "http://127.0.0.1:9090"
