"""The configuration that supervisord reads."""

import configparser
import os
import shlex
from pathlib import Path

import pytest

from stack.layout import RUN
from stack.local import supervisor
from stack.local.supervisor import Program, render_config

POSTGRES = Program(
    "postgres", ["/a b/postgres", "-c", "port=5432"], stop_signal="INT", stop_seconds=60, stop_as_group=False
)
WORKER = Program("airflow-worker", ["airflow", "celery", "worker"])
ONCE = Program("spark-aot", ["nice", "python"], is_service=False)


@pytest.fixture
def config() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(render_config([POSTGRES, WORKER, ONCE]))
    return parser


def test_every_program_has_its_section(config: configparser.RawConfigParser) -> None:
    programs = [section for section in config.sections() if section.startswith("program:")]
    assert programs == ["program:postgres", "program:airflow-worker", "program:spark-aot"]


def test_a_command_with_blanks_in_it_comes_back_whole(config: configparser.RawConfigParser) -> None:
    assert shlex.split(config["program:postgres"]["command"]) == ["/a b/postgres", "-c", "port=5432"]


def test_a_service_is_started_again_and_a_job_is_not(config: configparser.RawConfigParser) -> None:
    assert config["program:airflow-worker"]["autorestart"] == "true"
    assert config["program:spark-aot"]["autorestart"] == "false"


def test_a_service_comes_back_even_after_a_long_outage_of_what_it_needs(config: configparser.RawConfigParser) -> None:
    retries = int(config["program:airflow-worker"]["startretries"])
    # supervisord waits a second longer before every further try.
    assert sum(range(retries)) > 25 * 60


def test_postgres_gets_its_own_signal_alone_and_time_to_write(config: configparser.RawConfigParser) -> None:
    section = config["program:postgres"]
    assert (section["stopsignal"], section["stopasgroup"], section["stopwaitsecs"]) == ("INT", "false", "60")


def test_nothing_of_a_service_outlives_its_kill(config: configparser.RawConfigParser) -> None:
    assert {config[name]["killasgroup"] for name in config.sections() if name.startswith("program:")} == {"true"}


def test_logs_are_kept_in_bounds(config: configparser.RawConfigParser) -> None:
    assert config["program:airflow-worker"]["stdout_logfile"].endswith("data/logs/airflow-worker.log")
    assert config["program:airflow-worker"]["stdout_logfile_maxbytes"] == "10MB"


def test_a_percent_sign_is_no_variable_of_supervisor() -> None:
    parser = configparser.RawConfigParser()
    parser.read_string(render_config([Program("odd", ["echo", "100%"])]))
    assert parser["program:odd"]["command"] == "echo 100%%"


def test_the_socket_is_for_its_owner_alone(config: configparser.RawConfigParser) -> None:
    assert config["unix_http_server"]["chmod"] == "0600"
    assert config["supervisorctl"]["serverurl"] == f"unix://{config['unix_http_server']['file']}"


def test_the_socket_lies_in_the_run_folder_where_its_path_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_SOCKET_PATH", 4096)
    assert supervisor.socket_path() == RUN / "supervisor.sock"


def test_a_path_too_long_for_the_kernel_is_replaced_by_a_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RUN", Path("/") / ("long" * 30))
    assert len(os.fsencode(supervisor.socket_path())) <= supervisor.LONGEST_SOCKET_PATH
    assert supervisor.socket_path() == supervisor.socket_path()
