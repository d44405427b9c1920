"""The probes, against servers that really listen and say what Postgres, Redis and Spark say."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from stack import checks, probes
from stack.airflow_api import AirflowApi
from stack.backend import StackError
from stack.probes import SparkState
from stack.settings import CATALOG, Settings

WORKER = "id=32 addr=127.0.0.1:50432 flags=P psub=1 cmd=psubscribe user=default\n"
OTHER = "id=33 addr=127.0.0.1:50448 flags=N psub=0 cmd=sadd user=default\n"
NOBODY = "1"
HTTP = b"HTTP/1.0 200 OK\r\n\r\n"


@contextmanager
def serving(key: str, answer: Callable[[bytes], bytes]) -> Iterator[Settings]:
    """Settings in which the port named `key` is one that answers each connection once."""

    class Once(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(answer(self.request.recv(4096)))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Once) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield make_settings(**{key: str(server.server_address[1])})
        server.shutdown()


def make_settings(**values: str) -> Settings:
    defaults = {setting.key: setting.default() for setting in CATALOG}
    nobody = {key: NOBODY for key in defaults if key.endswith("_PORT")}
    return Settings({**defaults, **nobody, "REDIS_PASSWORD": "secret", **values})


def redis(sent: bytes, clients: str) -> bytes:
    if not sent.startswith(b"AUTH secret\r\n"):
        return b"-WRONGPASS invalid username-password pair\r\n"
    return f"+OK\r\n${len(clients)}\r\n{clients}\r\n".encode()


def test_every_subscription_in_redis_is_a_celery_worker() -> None:
    with serving("REDIS_PORT", lambda sent: redis(sent, WORKER + OTHER + WORKER)) as settings:
        assert probes.celery_workers(settings) == 2


def test_a_redis_without_workers_counts_none() -> None:
    with serving("REDIS_PORT", lambda sent: redis(sent, OTHER)) as settings:
        assert probes.celery_workers(settings) == 0


def test_a_redis_that_refuses_the_password_is_no_answer() -> None:
    with serving("REDIS_PORT", lambda sent: redis(sent, WORKER)) as settings:
        stranger = Settings({**settings.values, "REDIS_PASSWORD": "other"})
        assert probes.celery_workers(stranger) is None


def test_a_redis_that_is_away_is_no_answer() -> None:
    assert probes.celery_workers(make_settings()) is None


@pytest.mark.parametrize("said", [b"SSH-2.0-x\r\n", HTTP + b"<html>", HTTP + b"[]", HTTP + b'{"status": "ok"}'])
def test_a_stranger_on_a_port_is_no_answer(said: bytes) -> None:
    with serving("AIRFLOW_PORT", lambda _: said) as settings:
        assert set(probes.airflow_health(settings).values()) <= {"ok"}
        (login,) = checks.check_airflow(AirflowApi.of(settings))
        assert (login.is_ok, "./logs.sh airflow-api-server" in login.fix) == (False, True)
        with pytest.raises(StackError, match="Airflow does not answer on"):
            AirflowApi.of(settings).import_errors()
    with serving("SPARK_UI_PORT", lambda _: said) as settings:
        assert not checks.check_spark(settings).is_ok


@pytest.mark.parametrize(("trace", "told"), [("Traceback\n  x\nSyntaxError: y\n", "SyntaxError: y"), ("", "")])
def test_a_dag_that_cannot_be_read_is_told_with_the_end_of_its_trace(
    monkeypatch: pytest.MonkeyPatch, trace: str, told: str
) -> None:
    monkeypatch.setattr(AirflowApi, "import_errors", lambda _: [{"filename": "a.py", "stack_trace": trace}])

    assert checks.check_dag(AirflowApi.of(make_settings())).detail == f"a.py: {told}"


def test_postgres_accepts_where_it_asks_for_a_password() -> None:
    with serving("POSTGRES_PORT", lambda _: b"R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00") as settings:
        assert probes.postgres_accepts(settings)


def test_postgres_that_is_starting_up_does_not_accept_yet() -> None:
    with serving("POSTGRES_PORT", lambda _: b"E\x00\x00\x00\x10C57P03\x00\x00") as settings:
        assert not probes.postgres_accepts(settings)


def test_the_login_names_role_and_database() -> None:
    heard: list[bytes] = []

    def listen(sent: bytes) -> bytes:
        heard.append(sent)
        return b"R"

    with serving("POSTGRES_PORT", listen) as settings:
        probes.postgres_accepts(settings)
    assert heard[0][4:8] == b"\x00\x03\x00\x00"
    assert heard[0][8:] == b"user\0airflow\0database\0data_warehouse\0\0"


def http(body: str) -> bytes:
    return f"HTTP/1.0 200 OK\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def test_the_spark_master_is_read_with_its_workers_and_applications() -> None:
    body = '{"status": "ALIVE", "aliveworkers": 2, "activeapps": [{}]}'
    with serving("SPARK_UI_PORT", lambda _: http(body)) as settings:
        assert probes.spark_state(settings) == SparkState("ALIVE", workers=2, applications=1)


def test_a_spark_master_that_is_away_has_no_state() -> None:
    assert probes.spark_state(make_settings()) == SparkState()


def test_the_health_of_airflow_is_read_part_by_part() -> None:
    body = '{"metadatabase": {"status": "healthy"}, "scheduler": {"status": "unhealthy"}, "triggerer": null}'
    with serving("AIRFLOW_PORT", lambda _: http(body)) as settings:
        health = probes.airflow_health(settings)
    assert health == {"metadatabase": "healthy", "scheduler": "unhealthy", "triggerer": "None"}


def test_what_answers_with_something_else_is_not_airflow() -> None:
    with serving("AIRFLOW_PORT", lambda _: http("<html>")) as settings:
        assert probes.airflow_health(settings) == {}
