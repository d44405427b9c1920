"""What goes wrong beside a failure hides neither its cause nor a password."""

from pathlib import Path

import psycopg2
import pytest

from batch_etl.errors import ConfigurationError, LedgerImbalance, WarehouseUnavailable
from batch_etl.run import Run, StageResult, run_in_task, run_stage
from batch_etl.stores import warehouse
from tests.integration.pipeline import Pipeline

STAGE_RUNS = "SELECT stage, state, details ->> 'error' FROM audit.stage_runs"


def test_a_failure_that_cannot_be_recorded_is_raised_all_the_same(pipeline: Pipeline) -> None:
    def fail(_: Run) -> StageResult:
        pipeline.query("ALTER TABLE audit.stage_runs RENAME TO gone")
        raise LedgerImbalance("3 records")

    with pytest.raises(LedgerImbalance, match="3 records"):
        run_stage(Run("r1", "data_cleaning", "all", pipeline.settings), fail)


@pytest.mark.parametrize(("odd", "written"), [("\0", r"\0"), ("\ud800", r"\ud800")])
def test_a_failure_is_recorded_whatever_it_quotes(pipeline: Pipeline, odd: str, written: str) -> None:
    def fail(_: Run) -> StageResult:
        raise LedgerImbalance(f"key 'a{odd}b'")

    with pytest.raises(LedgerImbalance):
        run_stage(Run("r1", "data_cleaning", "all", pipeline.settings), fail)

    assert pipeline.query(STAGE_RUNS) == [("data_cleaning", "failed", f"LedgerImbalance: key 'a{written}b'")]


def test_a_stage_does_its_work_where_no_events_can_be_kept(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.describe_in(monkeypatch)
    Path(pipeline.home, "data/logs").write_text("no folder", encoding="utf-8")

    assert run_in_task("data_cleaning", lambda _: StageResult(3, 3, {}), run_key="r1").records_in == 3

    assert pipeline.query(STAGE_RUNS) == [("data_cleaning", "done", None)]


@pytest.mark.parametrize("password", ["s3c%ret", "s3c/ret", "s3c:r/et", "s3c@ret", "s3c\udcffret"])
def test_an_address_that_cannot_be_read_is_told_without_its_password(password: str) -> None:
    dsn = f"postgresql://loader:{password}@127.0.0.1:1/data_warehouse"

    with (
        pytest.raises(ConfigurationError, match=r"WAREHOUSE_DSN: not an address .* write %25 for %") as told,
        warehouse.connect(dsn, application_name="test"),
    ):
        pass

    assert "s3c" not in str(told.value)
    assert told.value.__cause__ is None


@pytest.mark.parametrize("schema", ["audit", "core"])
def test_a_warehouse_without_a_schema_is_told_as_one_without_tables(pipeline: Pipeline, schema: str) -> None:
    with psycopg2.connect(pipeline.dsn) as other, other.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA {schema} CASCADE")

    with (
        pytest.raises(WarehouseUnavailable, match=r"\./etl init creates the tables"),
        warehouse.connect(pipeline.dsn, application_name="test") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"CREATE TABLE {schema}.mine ()")
