"""One alert an incident and one recovery: judged by what runs left in the audit, told to real receivers."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import cycle

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import IncidentUnavailable
from tests.integration.drawn_audit import (
    CAUSE,
    NOW,
    accept_them,
    crash,
    draw_check,
    end,
    fail_a_check,
    find_them_gone,
    pass_it,
    publish_long_ago,
    publish_now,
    refuse_files,
    run_for_two_hours,
    stage,
    take_it_away,
)
from tests.integration.pipeline import PROJECT, Pipeline
from tests.integration.receivers import ACCEPT, DIE, REFUSE, STALL, MailServer, Webhook
from tests.integration.watching import incidents, watch


def test_a_hundred_faulty_runs_are_one_alert_and_one_recovery_whatever_the_receivers_do(
    pipeline: Pipeline, webhook: Webhook, mail: MailServer
) -> None:
    urls, behaviours = f"{webhook.url} {mail.url}", cycle((REFUSE, DIE, REFUSE, STALL))
    for number in range(100):
        webhook.behaviour = next(behaviours)
        mail.behaviour = DIE if webhook.behaviour == DIE else REFUSE
        at = NOW + timedelta(seconds=36 * number)
        stage(pipeline, f"r{number}", "data_loading", "failed", at=at, error=CAUSE.format(number))
        stage(pipeline, f"r{number}", "notifications", "done", at=at)
        watch(pipeline, urls, now=at)
    webhook.behaviour = mail.behaviour = ACCEPT
    over = NOW + timedelta(hours=3)
    stage(pipeline, "r100", "data_loading", "done", at=over)
    for _ in range(3):
        watch(pipeline, urls, now=over)

    # Their own deadness is told too, and is over: of each incident one alert and one recovery.
    ours = [("stage_failed", "data_loading failed: WarehouseUnavailable", 100, "recovered")]
    assert incidents(pipeline)[:1] == ours
    assert {state for *_, state in incidents(pipeline)[1:]} <= {"recovered"}
    by_key = dict(zip(webhook.keys, webhook.subjects, strict=True))
    assert sorted(by_key.values()) == sorted(
        subject for (subject,) in pipeline.query("SELECT subject FROM audit.outbox WHERE sent_at IS NOT NULL")
    )
    told = [subject for subject in by_key.values() if subject.endswith("data_loading failed: WarehouseUnavailable")]
    assert [subject.split(":")[0] for subject in told] == ["Incident 1", "Recovered"]
    assert pipeline.query("SELECT COUNT(*) FROM audit.outbox WHERE sent_at IS NULL") == [(0,)]
    assert pipeline.query("SELECT COUNT(*) FROM audit.deliveries WHERE taken_at IS NULL") == [(0,)]
    assert len({line for text in mail.received for line in text.splitlines() if line.startswith("Idempotency")}) == len(
        by_key
    )


def test_what_a_retry_mended_is_no_incident(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_loading", "failed", error="OSError: x")
    watch(pipeline)
    stage(pipeline, "r1", "data_loading", "running", attempt=2, at=NOW + timedelta(hours=2))
    watch(pipeline, now=NOW + timedelta(hours=2))
    pipeline.query("UPDATE audit.stage_runs SET state = 'done', finished_at = started_at WHERE attempt = 2")
    stage(pipeline, "r1", "notifications", "done", at=NOW + timedelta(hours=2))
    watch(pipeline, now=NOW + timedelta(hours=2))

    assert incidents(pipeline) == []


def test_what_no_retry_can_mend_is_told_at_once(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_ingestion", "failed", error="ConfigurationError: x")
    stage(pipeline, "r2", "data_loading", "failed", error="WarehouseUnavailable: x")
    watch(pipeline)

    assert [subject for _, subject, *_ in incidents(pipeline)] == ["data_ingestion failed: ConfigurationError"]


def test_an_incident_stays_open_while_its_stage_is_tried_again(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "publish", "failed", error="OSError: x")
    stage(pipeline, "r1", "notifications", "done")
    watch(pipeline)
    stage(pipeline, "r1", "publish", "running", attempt=2, at=NOW + timedelta(minutes=5))
    watch(pipeline, now=NOW + timedelta(minutes=6))

    assert [state for *_, state in incidents(pipeline)] == ["open"]


def test_twenty_tasks_that_fail_for_one_cause_are_one_alert(pipeline: Pipeline) -> None:
    for number in range(20):
        stage(pipeline, f"r{number}", f"stage_{number % 5}", "failed", error=CAUSE.format(5000 + number))
        stage(pipeline, f"r{number}", "notifications", "done")

    watch(pipeline)

    assert [occurrences for _, _, occurrences, _ in incidents(pipeline)] == [20]
    assert pipeline.query("SELECT COUNT(*) FROM audit.outbox") == [(1,)]


def test_an_alert_says_what_where_since_when_how_many_and_what_to_do(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_loading", "failed", error=CAUSE.format(5432))
    stage(pipeline, "r1", "daily_summary", "done", report="data/processed/reports/r1.html")
    stage(pipeline, "r1", "notifications", "done")

    watch(pipeline)

    assert pipeline.query("SELECT run_key, kind, severity, subject, body FROM audit.outbox") == [
        (
            "r1",
            "incident_1_opened",
            "error",
            "Incident 1: data_loading failed: WarehouseUnavailable",
            "Where: data_loading of r1\n"
            "Run: r1\n"
            "Since: 2026-03-01 12:00:00 UTC\n"
            "How many: 1\n"
            f"Said: {CAUSE.format(5432)}\n"
            "What to do: docs/runbook.md#17-warehouseunavailable\n"
            "Report: data/processed/reports/r1.html",
        )
    ]


@pytest.mark.parametrize(
    ("check", "entry"),
    [
        ("fct_sale_amounts", "fct_sale_amounts-error"),
        ("key_of_dim_customer", "key_of_-error"),
        ("rates_as_usual", "volume_as_usual-rates_as_usual-distribution_as_usual-key_figures_as_usual-warn"),
        ("mine", "checks"),
    ],
)
def test_an_alert_leads_to_the_entry_of_its_check(warehouse: Pipeline, check: str, entry: str) -> None:
    pipeline = replace(warehouse, home=PROJECT)
    draw_check(pipeline, "r1", name=check, is_passed=False)

    watch(pipeline)

    assert pipeline.query("SELECT SUBSTRING(body FROM 'runbook.md#([^\n]*)') FROM audit.outbox") == [(entry,)]


Act = Callable[[Pipeline], None]


@pytest.mark.parametrize(
    ("begin", "mend", "kind", "subject"),
    [
        (fail_a_check, pass_it, "check_failed", "Check fct_sale_amounts failed: nothing is published"),
        (fail_a_check, take_it_away, "check_failed", "Check fct_sale_amounts failed: nothing is published"),
        (refuse_files, accept_them, "file_refused", "3 source files are refused: sales_0.csv"),
        (refuse_files, find_them_gone, "file_refused", "3 source files are refused: sales_0.csv"),
        (run_for_two_hours, end, "stage_late", "data_cleaning takes too long"),
        (crash, end, "worker_crashed", "data_cleaning did not end"),
        (publish_long_ago, publish_now, "not_fresh", "No run has come to a publish for more than 26 hours"),
    ],
)
def test_an_incident_opens_once_and_recovers_once(
    pipeline: Pipeline, begin: Act, mend: Act, kind: str, subject: str
) -> None:
    begin(pipeline)
    for _ in range(2):
        watch(pipeline, schedule="0 2 * * *")
    opened = [(found[0], found[1], found[3]) for found in incidents(pipeline)]
    mend(pipeline)
    for _ in range(2):
        watch(pipeline, schedule="0 2 * * *", now=NOW + timedelta(minutes=5))

    assert opened == [(kind, subject, "open")]
    assert [state for *_, state in incidents(pipeline)] == ["recovered"]
    assert [told for (told,) in pipeline.query("SELECT kind FROM audit.outbox ORDER BY message_id")] == [
        "incident_1_opened",
        "incident_1_recovered",
    ]


@pytest.mark.parametrize(("run_key", "looked_at"), [("r2", "*_small.*"), ("r1", "*")])
def test_refused_files_stay_wrong_where_nobody_looked_at_them_again(
    pipeline: Pipeline, run_key: str, looked_at: str
) -> None:
    """r1 is the run that refused them: its retry leaves what it found first."""
    refuse_files(pipeline)

    stage(pipeline, run_key, "data_ingestion", "done", at=NOW + timedelta(minutes=1), looked_at=looked_at)
    watch(pipeline)

    assert [(kind, state) for kind, *_, state in incidents(pipeline)] == [("file_refused", "open")]


def test_a_run_that_never_started_is_noticed_where_one_is_scheduled(pipeline: Pipeline) -> None:
    watch(pipeline, schedule="0 2 * * *")
    watch(pipeline, now=NOW + timedelta(days=2))
    assert incidents(pipeline) == []

    watch(pipeline, now=NOW + timedelta(days=2), schedule="0 2 * * *")
    assert [kind for kind, *_ in incidents(pipeline)] == ["not_fresh"]


def test_a_cause_that_comes_back_after_its_recovery_is_another_incident(pipeline: Pipeline) -> None:
    for day in range(2):
        at = NOW + timedelta(days=day)
        stage(pipeline, f"bad{day}", "publish", "failed", at=at, error="OSError: x")
        stage(pipeline, f"bad{day}", "notifications", "done", at=at)
        watch(pipeline, now=at)
        stage(pipeline, f"good{day}", "publish", "done", at=at + timedelta(hours=1))
        watch(pipeline, now=at + timedelta(hours=1))

    assert [state for *_, state in incidents(pipeline)] == ["recovered", "recovered"]
    assert pipeline.query("SELECT COUNT(*) FROM audit.outbox") == [(4,)]


@pytest.fixture
def here(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A pipeline with an incident, as the environment of a command describes it."""
    pipeline.describe_in(monkeypatch)
    monkeypatch.setenv("COLUMNS", "200")
    stage(pipeline, "r1", "publish", "failed", error="OSError: x")
    stage(pipeline, "r1", "notifications", "done", at=NOW + timedelta(minutes=1))
    watch(pipeline)
    return pipeline


def etl(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False).output


def test_status_tells_what_is_visible_what_ran_and_what_is_wrong(here: Pipeline) -> None:
    assert etl("status").splitlines()[:4] == [
        "release    none yet",
        "last run   r1: publish failed, notifications done",
        "incidents  1 open, 0 acknowledged",
        "messages   0 wait to be sent",
    ]
    (incident,) = json.loads(etl("status", "--json"))["incidents"]
    assert [(incident["kind"], incident["cause"])] == here.query("SELECT kind, cause FROM audit.incidents")


def test_an_incident_is_acknowledged_by_somebody_and_recovers_all_the_same(here: Pipeline) -> None:
    assert etl("acknowledge", "1", "--by", "ann") == "incident 1 is acknowledged by ann\n"
    assert "acknowledged (ann)" in etl("incidents")

    publish_now(here)
    watch(here, now=NOW + timedelta(hours=1))

    assert etl("incidents") == "no incident\n"
    assert [found["state"] for found in json.loads(etl("incidents", "--all", "--json"))] == ["recovered"]
    for gone, why in ((1, "is over already"), (7, "is not there")):
        with pytest.raises(IncidentUnavailable, match=f"incident {gone} {why}"):
            etl("acknowledge", str(gone))
