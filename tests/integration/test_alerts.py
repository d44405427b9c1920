"""The outbox is drained into real receivers: each message once, kept while nobody takes it."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from batch_etl.run import StageResult
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from monitoring.alert_system import send_samples, watch_once
from tests.integration.pipeline import PROJECT, Pipeline
from tests.integration.receivers import ACCEPT, DIE, REFUSE, STALL, MailServer, Webhook, listening

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def waiting(pipeline: Pipeline, *subjects: str, severity: str = "error") -> None:
    for subject in subjects:
        pipeline.query(
            """
            INSERT INTO audit.outbox (run_key, kind, severity, subject, body, created_at)
            VALUES (%s, 'kind', %s, %s, 'body', %s)
            """,
            *(f"run of {subject}", severity, subject, NOW),
        )


def watch(pipeline: Pipeline, urls: str, *, now: datetime = NOW) -> StageResult:
    settings = Settings(pipeline_home=pipeline.home, warehouse_dsn=pipeline.dsn, notify_urls=urls)
    with warehouse.connect(pipeline.dsn, application_name="test") as connection:
        return watch_once(connection, settings, now)


def is_sent(pipeline: Pipeline) -> list[bool]:
    return [row[0] for row in pipeline.query("SELECT sent_at IS NOT NULL FROM audit.outbox ORDER BY message_id")]


def test_a_message_is_sent_once(pipeline: Pipeline, webhook: Webhook) -> None:
    waiting(pipeline, "one", "two")

    first = watch(pipeline, webhook.url)
    second = watch(pipeline, webhook.url)

    assert [(message["title"], message["type"]) for message in webhook.received] == [
        ("one", "failure"),
        ("two", "failure"),
    ]
    assert is_sent(pipeline) == [True, True]
    # Each went to the log as well.
    assert (first.records_in, first.records_out, second.is_nothing_new) == (4, 4, True)


@pytest.mark.parametrize("behaviour", [REFUSE, STALL, DIE])
def test_a_message_is_kept_while_the_webhook_fails_and_sent_under_the_same_key_when_it_is_back(
    pipeline: Pipeline, webhook: Webhook, behaviour: str
) -> None:
    waiting(pipeline, "one", "two")
    webhook.behaviour = behaviour

    down = watch(pipeline, webhook.url)
    watch(pipeline, webhook.url, now=NOW + timedelta(seconds=59))

    assert (down.records_in, down.records_out) == (3, 2)
    assert is_sent(pipeline) == [False, False]
    webhook.behaviour = ACCEPT
    watch(pipeline, webhook.url, now=NOW + timedelta(seconds=61))
    assert is_sent(pipeline) == [True, True]
    # Where it died or stalled it had the message already: it comes again, and can be told by its key.
    assert webhook.subjects == (["one", "two"] if behaviour == REFUSE else ["one", "one", "two"])
    assert len(set(webhook.keys)) == 2


def test_a_channel_is_tried_again_where_the_clock_was_ahead_when_it_failed(
    pipeline: Pipeline, webhook: Webhook
) -> None:
    waiting(pipeline, "one")
    webhook.behaviour = REFUSE
    for ahead in range(7):
        watch(pipeline, webhook.url, now=NOW + timedelta(days=1, hours=ahead))
    assert pipeline.query("SELECT failures, next_try_at FROM audit.channels WHERE channel <> 'log'") == [
        (7, NOW + timedelta(days=1, hours=7))
    ]
    webhook.behaviour = ACCEPT

    watch(pipeline, webhook.url, now=NOW + timedelta(days=1, hours=6))
    assert webhook.subjects == []
    watch(pipeline, webhook.url)
    assert webhook.subjects[0] == "one"


@pytest.mark.parametrize("behaviour", [REFUSE, DIE])
def test_a_mail_is_kept_while_the_server_fails(pipeline: Pipeline, mail: MailServer, behaviour: str) -> None:
    waiting(pipeline, "one")
    mail.behaviour = behaviour

    watch(pipeline, mail.url)

    assert is_sent(pipeline) == [False]
    mail.behaviour = ACCEPT
    watch(pipeline, mail.url, now=NOW + timedelta(minutes=2))
    assert is_sent(pipeline) == [True]
    assert "Subject: one" in mail.received[-1]
    keys = {line for text in mail.received for line in text.splitlines() if line.startswith("Idempotency-Key: ")}
    assert len(keys) == 1


def test_a_dead_channel_fails_no_run_and_becomes_an_incident_that_the_others_are_told_of(
    pipeline: Pipeline, webhook: Webhook
) -> None:
    with listening(Webhook()) as dead:
        dead.behaviour = REFUSE
        waiting(pipeline, "one")
        urls = f"{dead.url} {webhook.url}"
        for hours in range(4):
            watch(pipeline, urls, now=NOW + timedelta(hours=hours))
        dead.behaviour = ACCEPT
        for hours in (5, 6):
            watch(pipeline, urls, now=NOW + timedelta(hours=hours))

    assert [subject.split(": ", 1)[0] for subject in webhook.subjects] == ["one", "Incident 1", "Recovered"]
    assert "Messages do not reach json-" in webhook.subjects[1]
    assert "error=500" in webhook.received[1]["message"]
    assert dead.subjects == webhook.subjects


def test_an_address_that_is_taken_away_waits_for_nothing(pipeline: Pipeline) -> None:
    waiting(pipeline, "one")
    for hours in range(4):
        watch(pipeline, "json://127.0.0.1:9/hook", now=NOW + timedelta(hours=hours))
    assert pipeline.query("SELECT state FROM audit.incidents") == [("open",)]

    for hours in (4, 5):
        watch(pipeline, "", now=NOW + timedelta(hours=hours))

    assert is_sent(pipeline) == [True, True, True]
    assert pipeline.query("SELECT state FROM audit.incidents") == [("recovered",)]


def test_a_channel_gets_what_is_severe_enough_for_it(pipeline: Pipeline, webhook: Webhook, mail: MailServer) -> None:
    waiting(pipeline, "release", severity="info")

    watch(pipeline, f"{webhook.url} {mail.url}", now=NOW + timedelta(hours=1))

    assert webhook.subjects == ["release"]
    assert mail.received == []
    assert is_sent(pipeline) == [True]


def test_infos_are_gathered_for_an_hour_and_come_as_one(pipeline: Pipeline, webhook: Webhook) -> None:
    waiting(pipeline, "release 1", "release 2", severity="info")

    watch(pipeline, webhook.url, now=NOW + timedelta(minutes=59))
    assert webhook.received == []

    watch(pipeline, webhook.url, now=NOW + timedelta(minutes=60))
    assert webhook.subjects == ["2 messages: release 1 …"]
    assert is_sent(pipeline) == [True, True]


def test_an_address_that_is_not_understood_is_told_without_its_secrets_and_the_others_go_on(
    pipeline: Pipeline, webhook: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    waiting(pipeline, "one")

    watch(pipeline, f"nonsense://hidden {webhook.url}")

    assert "NOTIFY_URLS: address 1 is not understood" in caplog.text
    assert "hidden" not in caplog.text
    assert webhook.subjects == ["one"]


def test_without_a_channel_the_log_is_told(pipeline: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    waiting(pipeline, "one")

    with caplog.at_level("INFO"):
        watch(pipeline, "")

    told = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert ("monitoring.channels", "ERROR", "one\nbody") in told
    assert is_sent(pipeline) == [True]


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from monitoring import outbox
from monitoring.channels import open_channels

outbox._record = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
settings = Settings(warehouse_dsn=sys.argv[1])
with warehouse.connect(sys.argv[1], application_name="killed") as connection:
    # The webhook alone: what is recorded of the log would be the end.
    outbox.drain(connection, open_channels(sys.argv[2], {})[1:], settings.config.alerts, datetime.now(UTC))
"""


def test_a_sender_that_is_killed_before_it_records_sends_again_under_the_same_key(
    pipeline: Pipeline, webhook: Webhook
) -> None:
    waiting(pipeline, "one")

    python = {"PYTHONPATH": f"{PROJECT / 'spark'}:{PROJECT}", "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", KILLED, pipeline.dsn, webhook.url]
    killed = subprocess.run(command, env=python, timeout=60, check=False)

    assert killed.returncode == -signal.SIGKILL
    assert webhook.subjects == ["one"]
    watch(pipeline, webhook.url)

    assert webhook.subjects == ["one", "one"]
    assert len(set(webhook.keys)) == 1
    assert is_sent(pipeline) == [True]


def test_two_senders_at_once_send_each_message_once(pipeline: Pipeline, webhook: Webhook) -> None:
    waiting(pipeline, *(f"message {number}" for number in range(20)))

    with ThreadPoolExecutor(3) as senders:
        list(senders.map(lambda _: watch(pipeline, webhook.url), range(3)))
    watch(pipeline, webhook.url)

    assert sorted(webhook.subjects) == sorted(f"message {number}" for number in range(20))


def test_a_sample_goes_to_every_channel(webhook: Webhook, mail: MailServer) -> None:
    settings = Settings(notify_urls=f"{webhook.url} {mail.url} json://127.0.0.1:9/hook")

    outcomes = send_samples(settings)

    assert webhook.subjects == ["Sample of an alert"]
    assert "Subject: Sample of an alert" in mail.received[0]
    assert [why is None for why in outcomes.values()] == [True, True, True, False]
