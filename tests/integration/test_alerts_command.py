"""`./etl alerts`: what an operator types to watch at once, or to try the addresses."""

import json
import logging
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from tests.integration.drawn_audit import crash
from tests.integration.pipeline import PROJECT, Pipeline
from tests.integration.receivers import REFUSE, Webhook


@pytest.fixture
def addressed(pipeline: Pipeline, webhook: Webhook, monkeypatch: pytest.MonkeyPatch) -> Webhook:
    """A stack whose messages go to the webhook, as the environment of a command describes it."""
    for name, value in (
        ("PIPELINE_HOME", pipeline.home),
        ("WAREHOUSE_DSN", pipeline.dsn),
        ("NOTIFY_URLS", webhook.url),
    ):
        monkeypatch.setenv(name, str(value))
    return webhook


def alerts(*arguments: str) -> tuple[int, str]:
    told = CliRunner().invoke(cli.app, ["alerts", *arguments], catch_exceptions=False)
    return told.exit_code, told.stdout


def test_the_command_sends_a_sample_and_fails_where_it_was_not_taken(addressed: Webhook) -> None:
    code, told = alerts("test")

    assert (code, told.splitlines()[0]) == (0, "log: sent")
    assert addressed.subjects == ["Sample of an alert"]
    addressed.behaviour = REFUSE
    code, told = alerts("test", "--json")
    assert (code, sorted(why is None for why in json.loads(told).values())) == (1, [False, True])


def test_the_command_fails_where_an_address_is_not_understood_and_hides_it(
    addressed: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_URLS", f"slak://token/x {addressed.url} jsn://h")

    code, told = alerts("test")

    lines = told.splitlines()
    assert (code, lines[0], len(lines)) == (1, "log: sent", 4)
    assert lines[1].endswith(": sent")
    assert lines[2:] == [f"address {n}: not understood; see the list of apprise's services" for n in (1, 3)]
    assert addressed.subjects == ["Sample of an alert"]


def test_the_command_says_that_there_is_no_address(addressed: Webhook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_URLS", "")

    assert alerts("test") == (0, "log: sent\nno address: set NOTIFY_URLS in .env and run ./start.sh --no-run\n")
    assert addressed.received == []


def test_the_command_watches_once(pipeline: Pipeline, addressed: Webhook) -> None:
    pipeline.query(
        "INSERT INTO audit.outbox (run_key, kind, severity, subject, body) VALUES ('r1', 'k', 'error', 'one', 'body')"
    )

    assert alerts("watch") == (0, "incidents: 0 opened, 0 recovered; messages: 2 of 2 sent\n")
    assert addressed.subjects == ["one"]


def test_a_message_does_not_command_the_terminal(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.describe_in(monkeypatch)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    pipeline.query(
        "INSERT INTO audit.outbox (run_key, kind, severity, subject, body) VALUES ('r1', 'k', 'error', %s, %s)",
        *("one\x1b[2J", "two\nlines\u202e"),
    )

    told = CliRunner().invoke(cli.app, ["alerts", "watch"], catch_exceptions=False, color=True).stderr

    assert told == "one\\x1b[2J\ntwo\nlines\\u202e\n"


def test_what_no_run_tells_of_is_in_the_log_of_the_pipeline_too(pipeline: Pipeline, addressed: Webhook) -> None:
    crash(pipeline)

    alerts("watch")

    lines = (pipeline.home / "data/logs/pipeline.jsonl").read_text(encoding="utf-8").splitlines()
    (told,) = [event for event in map(json.loads, lines) if event["level"] == "ERROR"]
    assert told["stage"] == "alert_watch"
    assert told["run"].startswith("alert_watch 20")
    assert told["message"].startswith("Incident 1: data_cleaning did not end\n")
    assert addressed.subjects == ["Incident 1: data_cleaning did not end"]


def test_the_module_leads_into_the_same_command(pipeline: Pipeline) -> None:
    environ = {"PYTHONPATH": f"{PROJECT / 'spark'}:{PROJECT}", "WAREHOUSE_DSN": pipeline.dsn}
    command = [sys.executable, "-m", "monitoring.alert_system", "test", "--json"]

    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {"log": None}
