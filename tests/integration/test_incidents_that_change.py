"""What becomes of an incident while it goes on: it gets worse, another joins it, and it is not over before it is."""

from datetime import timedelta

from tests.integration.drawn_audit import NOW, draw_check, draw_file, stage
from tests.integration.pipeline import Pipeline
from tests.integration.receivers import Webhook
from tests.integration.watching import incidents, messages, watch

LATER = NOW + timedelta(hours=1)


def test_a_warning_that_becomes_an_error_is_told_once_more_and_to_those_who_hear_of_errors_only(
    pipeline: Pipeline, webhook: Webhook
) -> None:
    pipeline.configure(minimum_severity="{json: error}")
    draw_check(pipeline, "r1", is_passed=False, severity="warn")
    watch(pipeline, webhook.url)
    assert webhook.subjects == []

    for run_key, severity, hours in (("r2", "error", 1), ("r3", "warn", 2), ("r4", "error", 3)):
        at = NOW + timedelta(hours=hours)
        draw_check(pipeline, run_key, is_passed=False, severity=severity, at=at)
        watch(pipeline, webhook.url, now=at)
    draw_check(pipeline, "r5", is_passed=True, severity="warn", at=NOW + timedelta(hours=4))
    watch(pipeline, webhook.url, now=NOW + timedelta(hours=4))

    failed = "Check fct_sale_amounts failed"
    assert messages(pipeline) == [
        ("incident_1_opened", "warn", f"Incident 1: {failed}"),
        ("incident_1_worse", "error", f"Worse: incident 1: {failed}: nothing is published"),
        ("incident_1_recovered", "error", f"Recovered: incident 1: {failed}: nothing is published"),
    ]
    assert webhook.subjects == [subject for _, _, subject in messages(pipeline)[1:]]


def test_a_failure_gets_worse_where_a_stage_before_the_publish_joins_it_and_no_retry_mended_that(
    pipeline: Pipeline,
) -> None:
    stage(pipeline, "r1", "daily_summary", "failed", error="OSError: disk full")
    stage(pipeline, "r1", "notifications", "done")
    watch(pipeline)
    stage(pipeline, "r2", "data_loading", "failed", at=LATER, error="OSError: disk full")
    watch(pipeline, now=LATER)
    assert [severity for _, severity, _ in messages(pipeline)] == ["warn"]

    stage(pipeline, "r2", "notifications", "done", at=LATER)
    for _ in range(2):
        watch(pipeline, now=LATER)

    assert messages(pipeline)[1:] == [
        ("incident_1_worse", "error", "Worse: incident 1: daily_summary, data_loading failed: OSError")
    ]


def test_an_incident_names_what_joined_it_and_tells_nobody(pipeline: Pipeline) -> None:
    draw_file(pipeline, "r1", "b.csv", "b.csv: not UTF-8")
    watch(pipeline)
    draw_file(pipeline, "r2", "a.csv", "a.csv: not UTF-8", at=LATER)
    watch(pipeline, now=LATER)

    assert incidents(pipeline) == [("file_refused", "2 source files are refused: a.csv", 2, "open")]
    assert len(messages(pipeline)) == 1


def test_what_runs_check_and_what_is_published_are_told_apart(pipeline: Pipeline) -> None:
    """`./etl check` stops no publish; neither of the two sees what the other looks at."""
    monitor = "monitor 2026-03-01 12:00:00+00"
    draw_check(pipeline, "r1", is_passed=False)
    draw_check(pipeline, f"{monitor} 1", is_passed=True, at=LATER)
    watch(pipeline, now=LATER)
    assert incidents(pipeline) == [("check_failed", "Check fct_sale_amounts failed: nothing is published", 1, "open")]

    draw_check(pipeline, f"{monitor} 2", is_passed=False, at=LATER + timedelta(minutes=1))
    draw_check(pipeline, "r2", is_passed=True, at=LATER + timedelta(minutes=2))
    watch(pipeline, now=LATER + timedelta(hours=1))
    assert incidents(pipeline) == [
        ("check_failed", "Check fct_sale_amounts failed: nothing is published", 1, "recovered"),
        ("check_failed", "Check fct_sale_amounts of what is published failed", 1, "open"),
    ]

    draw_check(pipeline, f"{monitor} 3", is_passed=True, at=LATER + timedelta(hours=2))
    watch(pipeline, now=LATER + timedelta(hours=2))
    assert [state for *_, state in incidents(pipeline)] == ["recovered", "recovered"]


def test_a_stage_that_hangs_and_then_counts_as_crashed_is_late_until_it_ends(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_cleaning", "running")
    for hours in (1, 2, 3, 4):
        watch(pipeline, now=NOW + timedelta(hours=hours))
    told = [("incident_1_opened", "warn"), ("incident_2_opened", "error")]
    assert [(kind, severity) for kind, severity, _ in messages(pipeline)] == told

    stage(pipeline, "r1", "data_cleaning", "running", attempt=2, at=NOW + timedelta(hours=5))
    watch(pipeline, now=NOW + timedelta(hours=5))
    assert [state for *_, state in incidents(pipeline)] == ["open", "open"]

    pipeline.query("UPDATE audit.stage_runs SET state = 'done', finished_at = started_at WHERE attempt = 2")
    watch(pipeline, now=NOW + timedelta(hours=6))
    assert [state for *_, state in incidents(pipeline)] == ["recovered", "recovered"]


def test_a_crash_that_a_retry_mends_is_told_to_nobody_however_long_that_takes(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_cleaning", "running")
    stage(pipeline, "r1", "data_cleaning", "running", attempt=2, at=NOW + timedelta(hours=3))

    watch(pipeline, now=NOW + timedelta(hours=4))

    assert messages(pipeline) == []


def test_a_failure_is_not_over_while_its_next_try_waits_for_a_retry(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_loading", "failed", error="WarehouseUnavailable: x")
    stage(pipeline, "r1", "notifications", "done")
    watch(pipeline)
    stage(pipeline, "r1", "data_loading", "failed", attempt=2, at=LATER, error="WarehouseBusy: y")
    watch(pipeline, now=LATER)
    opened = "data_loading failed: WarehouseUnavailable"
    assert incidents(pipeline) == [("stage_failed", opened, 1, "open")]

    stage(pipeline, "r1", "data_loading", "done", attempt=3, at=LATER + timedelta(minutes=1))
    watch(pipeline, now=LATER + timedelta(minutes=1))
    assert incidents(pipeline) == [("stage_failed", opened, 1, "recovered")]


def test_a_failure_gives_way_to_the_one_that_its_last_try_ended_with(pipeline: Pipeline) -> None:
    for attempt, error in enumerate(("WarehouseUnavailable: x", "WarehouseUnavailable: x", "WarehouseBusy: y"), 1):
        at = NOW + timedelta(hours=2 * attempt)
        stage(pipeline, "r1", "data_loading", "failed", attempt=attempt, at=at, error=error)
        stage(pipeline, "r1", "notifications", "done", attempt=attempt, at=at)
        watch(pipeline, now=at)

    assert incidents(pipeline) == [
        ("stage_failed", "data_loading failed: WarehouseUnavailable", 1, "recovered"),
        ("stage_failed", "data_loading failed: WarehouseBusy", 1, "open"),
    ]


def test_the_watch_writes_nothing_to_disk_however_much_there_was(pipeline: Pipeline) -> None:
    draw_check(pipeline, "monitor 1", is_passed=False, name="check1")
    draw_file(pipeline, "r1", "sales_1.csv", "sales_1.csv: no header")
    pipeline.query(
        """
        INSERT INTO audit.quality_results
        SELECT
            'r' || run, run, 'check' || number, 'warn', run < 2000, REPEAT('m', 100), '[]',
            NOW() + run * INTERVAL '1 s'
        FROM GENERATE_SERIES(1, 2000) AS run CROSS JOIN GENERATE_SERIES(1, 2) AS number
        """
    )
    pipeline.query(
        """
        INSERT INTO audit.source_files (run_key, file_name, dataset, state)
        SELECT 'r' || run, 'sales_' || run || number || '.csv', 'sales', 'seen'
        FROM GENERATE_SERIES(2, 2000) AS run CROSS JOIN GENERATE_SERIES(1, 2) AS number
        """
    )
    pipeline.query("ANALYZE")
    for setting in ("work_mem = '64kB'", "temp_file_limit = 0"):
        pipeline.query(f"ALTER DATABASE {pipeline.database} SET {setting}")

    watch(pipeline)

    assert sorted(subject for _, subject, *_ in incidents(pipeline)) == [
        "1 source file is refused: sales_1.csv",
        "Check check1 failed",
        "Check check1 of what is published failed",
        "Check check2 failed",
    ]
