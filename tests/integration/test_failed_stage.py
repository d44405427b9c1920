"""A stage that fails leaves a row in the audit, an error in the pipeline's own log, and an incident."""

import json
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import ConfigurationError, LedgerImbalance, QualityStopped, WarehouseUnavailable
from batch_etl.report.stage import summarise
from batch_etl.run import Run, StageResult, begin_in_task, no_session, run_in_task
from batch_etl.stores import warehouse
from batch_etl.tasks import failing_as_driver
from monitoring.alert_system import send_waiting
from tests.integration.pipeline import AFTER_LOADING, Pipeline

ARGUMENTS = ["--run-key", "r1"]
DRIVER = """
from batch_etl.errors import LedgerImbalance
from batch_etl.run import main

def fail(run):
    raise LedgerImbalance("3 records")

main("data_cleaning", fail)
"""
FAILED = "SELECT stage, state, details ->> 'error' FROM audit.stage_runs"


@pytest.fixture
def errors(project: Path) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Read what ./logs.sh --level error tells of this project."""
    file = project / "data/logs/pipeline.jsonl"

    def read() -> list[dict[str, Any]]:
        events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [event for event in events if event["level"] == "ERROR"]

    return read


def unreachable(_: Run) -> StageResult:
    raise AssertionError("the work was begun")


def failing(error: BaseException) -> Callable[[Run], StageResult]:
    def fail(_: Run) -> StageResult:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "message", "about"),
    [
        (ConfigurationError("a.yaml: x: wrong", "b.yaml: y: wrong"), "failed: a.yaml: x: wrong; b.yaml: y: wrong", {}),
        (LedgerImbalance("3 records", dataset="sales"), "failed: 3 records", {"dataset": "sales"}),
        (ZeroDivisionError("of course"), "failed: of course", {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failed_attempt_is_one_error_of_its_stage(
    errors: Callable[[], list[dict[str, Any]]], error: Exception, message: str, about: dict[str, str]
) -> None:
    with pytest.raises(type(error)):
        begin_in_task("data_cleaning", failing(error), ARGUMENTS)

    (told,) = errors()
    wanted = {"run": "r1", "stage": "data_cleaning", "error": type(error).__name__, "message": message, **about}
    assert {name: told.get(name) for name in (*wanted, "dataset")} == {"dataset": None, **wanted}


def test_an_attempt_that_could_not_even_begin_is_told(
    errors: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", "postgresql://nobody@127.0.0.1:1/nowhere")

    with pytest.raises(WarehouseUnavailable):
        begin_in_task("data_cleaning", unreachable, ARGUMENTS)

    assert [event["error"] for event in errors()] == ["WarehouseUnavailable"]


def test_a_driver_tells_its_failure_once_and_ends_with_the_code_of_its_class(
    errors: Callable[[], list[dict[str, Any]]],
) -> None:
    done = subprocess.run([sys.executable, "-c", DRIVER, *ARGUMENTS], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (LedgerImbalance.exit_code, "")
    assert [json.loads(line) for line in done.stdout.splitlines()] == errors()
    assert [(event["stage"], event["error"]) for event in errors()] == [("data_cleaning", "LedgerImbalance")]


def test_a_broken_contract_is_told_with_its_dataset(project: Path, errors: Callable[[], list[dict[str, Any]]]) -> None:
    copy = project / "contracts"
    copy.mkdir()
    for contract in (project / "config/contracts").iterdir():
        text = contract.read_text(encoding="utf-8")
        (copy / contract.name).write_text(text.replace("[north,", "[[north],"), encoding="utf-8")

    with pytest.raises(ConfigurationError):
        run_in_task("data_cleaning", lambda _: read_contracts(copy), run_key="r1")

    assert [event["dataset"] for event in errors()] == ["sales"]


def test_a_driver_that_was_killed_is_one_error_of_its_stage_and_one_that_told_why_is_told_by_itself(
    errors: Callable[[], list[dict[str, Any]]], query: Callable[..., list[tuple[Any, ...]]]
) -> None:
    for recorded in (None, '{"error": "OSError: no space"}', '{"error": "LedgerImbalance: 3 records"}'):
        attempt = begin_in_task("data_cleaning", lambda _: no_session("data_cleaning"), ARGUMENTS)
        assert attempt is not None
        query("UPDATE audit.stage_runs SET details = %s WHERE attempt = %s", recorded, attempt)
        with pytest.raises((RuntimeError, LedgerImbalance)), failing_as_driver("data_cleaning", attempt, run_key="r1"):
            raise RuntimeError("Error code is: 137")

    wanted = {"run": "r1", "stage": "data_cleaning", "error": "RuntimeError", "message": "failed: Error code is: 137"}
    assert [{name: event[name] for name in wanted} for event in errors()] == [wanted]


def test_to_need_spark_is_no_failure(project: Path) -> None:
    assert begin_in_task("data_cleaning", lambda run: no_session(run.stage), ARGUMENTS) == 1

    assert (project / "data/logs/pipeline.jsonl").read_text(encoding="utf-8") == ""


def test_a_stop_by_the_checks_is_told_by_the_checks(errors: Callable[[], list[dict[str, Any]]]) -> None:
    with pytest.raises(QualityStopped):
        run_in_task("quality_checks", failing(QualityStopped("nothing was published")), run_key="r1")

    assert errors() == []


def test_months_that_cannot_be_open_an_incident_and_the_summary_tells_why(
    project: Path, errors: Callable[[], list[dict[str, Any]]], query: Callable[..., list[tuple[Any, ...]]]
) -> None:
    reason = "from_month: 2025-05 is after to_month, 2025-01; swap them"
    with pytest.raises(ConfigurationError, match=reason):
        begin_in_task("data_ingestion", unreachable, [*ARGUMENTS, "--from-month=2025-05", "--to-month=2025-01"])
    assert [event["message"] for event in errors()] == [f"failed: {reason}"]
    run_in_task("daily_summary", summarise, run_key="r1")
    run_in_task("notifications", send_waiting, run_key="r1")

    assert query(FAILED + " WHERE state = 'failed'") == [("data_ingestion", "failed", f"ConfigurationError: {reason}")]
    assert query("SELECT subject, state FROM audit.incidents") == [
        ("data_ingestion failed: ConfigurationError", "open")
    ]
    assert reason in (project / "data/processed/reports/r1.txt").read_text(encoding="utf-8")


def test_a_row_that_the_warehouse_does_not_take_is_told_nowhere(
    loaded: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL tells the whole row, persons too, behind what is wrong with it."""
    loaded.query("ALTER TABLE core.dim_customer ALTER COLUMN phone SET NOT NULL")
    with pytest.raises(psycopg2.errors.NotNullViolation) as refusal:
        loaded.run("r1", stages=AFTER_LOADING[:2])
    loaded.run("r1", stages=AFTER_LOADING[2:])

    told = 'NotNullViolation: null value in column "phone" of relation "dim_customer" violates not-null constraint'
    recorded = loaded.query(FAILED + " WHERE state = 'failed'")
    assert recorded == [("publish", "failed", f"{told} (core.dim_customer.phone)")]
    assert telling_a_person(loaded, "r1", caplog.text, str(refusal.value)) == []


def test_a_value_that_a_query_of_a_mart_stumbles_over_is_told_nowhere(
    loaded: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    query = "SELECT SUM(CAST(email AS INT)) AS n FROM dim_customer WHERE customer_key <> -1"
    (loaded.home / "sql/transformations/broken.sql").write_text(query, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refusal:
        loaded.run("r2", stages=("data_transformation",))
    loaded.run("r2", stages=AFTER_LOADING[2:])

    ((_, _, recorded),) = loaded.query(FAILED + " WHERE run_key = 'r2' AND state = 'failed'")
    told = 'sql/transformations/broken.sql: [CAST_INVALID_INPUT] The value *** of the type "STRING"'
    assert recorded.startswith(f"ConfigurationError: {told}")
    assert "== SQL (line 1, position 12) == SELECT SUM(CAST(email AS INT)) AS n FROM dim_customer" in recorded
    assert "The value *** of" in caplog.text
    assert telling_a_person(loaded, "r2", caplog.text, *traceback.format_exception(refusal.value)) == []


def telling_a_person(pipeline: Pipeline, run_key: str, *texts: str) -> list[str]:
    """Those of these texts, of the reports of a run and of the audit in which a person stands."""
    tables = ("stage_runs", "incidents", "outbox")
    audit = [str(pipeline.query(f"SELECT t::text FROM audit.{table} AS t")) for table in tables]  # noqa: S608
    files = pipeline.home.glob(f"data/processed/reports/{run_key}.*")
    reports = [file.read_text(encoding="utf-8") for file in files]
    assert len(reports) == 3
    return [text for text in (*audit, *reports, *texts) if "Ann" in text or "example.org" in text]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT 'Ann\n\"Jones\"'::integer", 'invalid input syntax for type integer: "***"'),
        ("SELECT '99999999999'::integer", 'value "***" is out of range for type integer'),
        ("SELECT ann", 'column "ann" does not exist'),
    ],
)
def test_an_error_of_the_warehouse_tells_no_value(warehouse_dsn: str, statement: str, told: str) -> None:
    with (
        pytest.raises(psycopg2.Error) as refusal,
        warehouse.connect(warehouse_dsn, application_name="test") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert str(refusal.value) == told
    assert "Ann" not in "".join(traceback.format_exception(refusal.value))


REFUSALS = {
    **{f"RAISE EXCEPTION 'bad %', NEW USING ERRCODE = '{code}'": "RAISE" for code in ("P0001", "23514", "P0002")},
    "ASSERT FALSE, NEW": "ASSERT",
    "EXECUTE 'SELECT ' || NEW.full_name": "EXECUTE",
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_a_trigger_says_of_a_row_is_not_told_but_where_it_stands(warehouse_dsn: str, refusal: str) -> None:
    statement = f"""
        CREATE FUNCTION core.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {refusal}; END $$;
        CREATE TEMP TABLE people (full_name text);
        CREATE TRIGGER refuse BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION core.refuse();
        INSERT INTO people VALUES ('Ann');
        """  # noqa: S608
    with (
        pytest.raises(psycopg2.Error) as told,
        warehouse.connect(warehouse_dsn, application_name="test") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)

    assert str(told.value) == f"*** (PL/pgSQL function core.refuse() line 1 at {REFUSALS[refusal]})"
    assert "Ann" not in "".join(traceback.format_exception(told.value))


def test_what_our_own_functions_say_stays_readable(warehouse_dsn: str) -> None:
    with (
        pytest.raises(psycopg2.errors.NoDataFound) as told,
        warehouse.connect(warehouse_dsn, application_name="test") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT * FROM history.as_of(NULL::core.dim_customer, 7)")

    assert str(told.value) == "there is no release 7 of core.dim_customer"
