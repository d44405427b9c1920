"""The outbox is drained into a real receiver: each message once, kept while nobody takes it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from batch_etl.run import StageResult
from tests.integration.pipeline import Pipeline


class Receiver(ThreadingHTTPServer):
    """A webhook that answers what it is told to answer, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = 200
        self.received: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Receiver)
        self.server.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.answer)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def waiting(pipeline: Pipeline, *subjects: str, severity: str = "info") -> None:
    for subject in subjects:
        pipeline.query(
            "INSERT INTO audit.outbox (run_key, kind, severity, subject, body) VALUES (%s, 'kind', %s, %s, 'body')",
            *(f"run of {subject}", severity, subject),
        )


def notify(home: Path, dsn: str, urls: str) -> StageResult:
    return Pipeline(home, dsn, urls).run("r1", stages=["notifications"])["notifications"]


def outbox(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return pipeline.query(
        "SELECT subject, attempts, sent_at IS NOT NULL, last_error IS NOT NULL FROM audit.outbox ORDER BY message_id"
    )


def test_a_message_is_sent_once(pipeline: Pipeline, receiver: Receiver) -> None:
    waiting(pipeline, "one", "two")

    first = notify(pipeline.home, pipeline.dsn, receiver.url)
    second = notify(pipeline.home, pipeline.dsn, receiver.url)

    assert [(message["title"], message["message"], message["type"]) for message in receiver.received] == [
        ("one", "body", "success"),
        ("two", "body", "success"),
    ]
    assert outbox(pipeline) == [("one", 1, True, False), ("two", 1, True, False)]
    assert (first.is_nothing_new, second.is_nothing_new) == (False, True)
    assert (first.records_in, first.records_out) == (2, 2)


def test_a_message_is_kept_while_the_receiver_fails_and_sent_when_it_is_back(
    pipeline: Pipeline, receiver: Receiver
) -> None:
    waiting(pipeline, "one")
    receiver.answer = 500

    down = notify(pipeline.home, pipeline.dsn, receiver.url)

    assert outbox(pipeline) == [("one", 1, False, True)]
    assert (down.records_in, down.records_out) == (1, 0)
    receiver.received.clear()
    receiver.answer = 200
    waiting(pipeline, "two")
    notify(pipeline.home, pipeline.dsn, receiver.url)
    notify(pipeline.home, pipeline.dsn, receiver.url)
    assert [message["title"] for message in receiver.received] == ["one", "two"]
    assert outbox(pipeline) == [("one", 2, True, False), ("two", 1, True, False)]


def test_a_receiver_that_is_not_there_fails_no_run(pipeline: Pipeline) -> None:
    waiting(pipeline, "one")

    notify(pipeline.home, pipeline.dsn, "json://127.0.0.1:9/hook")

    assert outbox(pipeline) == [("one", 1, False, True)]


@pytest.mark.parametrize(("severity", "kind"), [("info", "success"), ("warn", "warning"), ("error", "failure")])
def test_a_receiver_learns_how_bad_it_is(pipeline: Pipeline, receiver: Receiver, severity: str, kind: str) -> None:
    waiting(pipeline, "one", severity=severity)

    notify(pipeline.home, pipeline.dsn, receiver.url)

    assert [message["type"] for message in receiver.received] == [kind]


def test_every_channel_gets_a_message(pipeline: Pipeline, receiver: Receiver) -> None:
    waiting(pipeline, "one")

    notify(pipeline.home, pipeline.dsn, f"{receiver.url}/a {receiver.url}/b")

    assert [message["title"] for message in receiver.received] == ["one", "one"]


def test_without_a_channel_the_log_is_told(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    waiting(pipeline, "one", severity="error")

    with caplog.at_level("INFO"):
        notify(pipeline.home, pipeline.dsn, "")

    told = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert ("monitoring.alert_system", "ERROR", "one\nbody") in told
    assert outbox(pipeline) == [("one", 1, True, False)]


def test_an_address_that_is_not_understood_is_told_and_the_others_go_on(
    pipeline: Pipeline, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    waiting(pipeline, "one")

    notify(pipeline.home, pipeline.dsn, f"nonsense {receiver.url}")

    assert "NOTIFY_URLS holds an address that is not understood" in caplog.text
    assert outbox(pipeline) == [("one", 1, True, False)]
    assert len(receiver.received) == 1
