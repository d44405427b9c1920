"""What somebody else than a release writes to the table of a dataset is audited by the next run."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest

from batch_etl.errors import QualityStopped
from batch_etl.recompute import Recompute
from monitoring.warehouse_checks import check_warehouse
from tests.integration.pipeline import STAGES, Pipeline
from tests.integration.test_release_races import wait_for_waiters

# What somebody did to the sale of January, which stays.
HAND_MADE = {
    "contract_of_sales": "UPDATE core.fct_sale SET region = 'moon' WHERE sale_id = 'S00000001'",
    "fct_sale_amounts": "UPDATE core.fct_sale SET gross_usd = gross_usd + 1, discount_usd = discount_usd + 1"
    " WHERE sale_id = 'S00000001'",
    "fct_sale_references": "UPDATE core.fct_sale SET customer_id = 'C0000009' WHERE sale_id = 'S00000001'",
}

# Somebody wrote what is a value of the type, and no number.
NOT_A_NUMBER = {
    "UPDATE core.dim_product SET list_price_usd = 'NaN'": "contract_of_products",
    "UPDATE core.fct_sale SET unit_price_usd = 'NaN'": "contract_of_sales",
    "UPDATE core.fct_sale SET gross_usd = 'NaN', discount_usd = 'NaN', net_usd = 'NaN'": "fct_sale_amounts",
}


@pytest.mark.parametrize("table", ["core.fct_sale", "core.fct_sale_2025_01"])
@pytest.mark.parametrize("check", HAND_MADE)
def test_what_somebody_changed_in_a_month_that_stays_is_found(next_month: Pipeline, check: str, table: str) -> None:
    next_month.query(HAND_MADE[check].replace("core.fct_sale", table))

    with pytest.raises(QualityStopped, match=rf"nothing was published; {check} \("):
        next_month.run("r2", stages=["quality_checks"])

    with closing(psycopg2.connect(next_month.dsn)) as connection:
        found = check_warehouse(connection, next_month.settings)
    assert [result.name for result in found if result.stops_publish] == [check]


@pytest.mark.parametrize(("statement", "check"), NOT_A_NUMBER.items())
def test_what_is_no_number_is_found(next_month: Pipeline, statement: str, check: str) -> None:
    next_month.query(statement)

    with pytest.raises(QualityStopped, match=check):
        next_month.run("r2", stages=["quality_checks"])
    with closing(psycopg2.connect(next_month.dsn)) as connection:
        assert check in [told.name for told in check_warehouse(connection, next_month.settings) if told.stops_publish]


@pytest.mark.parametrize("check", HAND_MADE)
def test_what_stopped_a_run_stops_its_next_try_and_the_next_run_too(next_month: Pipeline, check: str) -> None:
    next_month.query(HAND_MADE[check])

    for run_key, stages in (("r2", ["quality_checks"]), ("r2", ["quality_checks"]), ("r3", STAGES)):
        with pytest.raises(QualityStopped, match=rf"nothing was published; {check} \("):
            next_month.run(run_key, stages=stages)

    next_month.run("r4", recompute=Recompute(is_full=True))
    next_month.shows("SELECT release, run_key FROM audit.releases", "release | run_key\n1 | r1\n2 | r4")


def test_what_was_measured_is_remembered_with_the_results_or_not_at_all(next_month: Pipeline) -> None:
    remembered = next_month.query("SELECT * FROM audit.measured_parts ORDER BY 1, 2, 3")
    next_month.query("ALTER TABLE audit.quality_results ADD CONSTRAINT fails CHECK (FALSE) NOT VALID")

    with pytest.raises(psycopg2.errors.CheckViolation):
        next_month.run("r2", stages=["quality_checks"])

    assert next_month.query("SELECT * FROM audit.measured_parts ORDER BY 1, 2, 3") == remembered


def test_what_somebody_changed_in_a_dimension_is_held_against_every_sale(next_month: Pipeline) -> None:
    next_month.query("UPDATE core.dim_customer SET customer_id = 'C0000009' WHERE customer_id = 'C0000001'")

    with pytest.raises(QualityStopped, match=r"fct_sale_references \(5 offending rows\)"):
        next_month.run("r2", stages=["quality_checks"])


def test_what_somebody_changed_in_a_table_that_stays_is_found(next_month: Pipeline) -> None:
    next_month.query("UPDATE core.dim_product SET cost_usd = -1 WHERE product_key != -1")

    with pytest.raises(QualityStopped, match=r"contract_of_products \(of 2 rows: cost_usd: below 0"):
        next_month.run("r2", stages=["quality_checks"])


@pytest.mark.parametrize(
    "statement",
    [
        "TRUNCATE core.fct_sale_2025_01",
        "DROP TABLE core.fct_sale_2025_01",
        "ALTER TABLE core.fct_sale DETACH PARTITION core.fct_sale_2025_01",
        "ALTER TABLE core.fct_sale_2025_01 DISABLE TRIGGER note_foreign_write; TRUNCATE core.fct_sale_2025_01",
    ],
)
def test_a_month_that_is_gone_is_missed(next_month: Pipeline, statement: str) -> None:
    next_month.query(statement)

    with pytest.raises(QualityStopped, match="marts_agree_with_sales"):
        next_month.run("r2", stages=["quality_checks"])


def test_what_is_measured_while_somebody_writes_is_not_remembered(next_month: Pipeline) -> None:
    with closing(psycopg2.connect(next_month.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(HAND_MADE["contract_of_sales"])
        next_month.run("r2", stages=["quality_checks"])
        connection.commit()

    with pytest.raises(QualityStopped, match="contract_of_sales"):
        next_month.run("r2", stages=["data_loading", "quality_checks"])


def test_what_is_measured_does_not_count_for_whoever_writes_meanwhile(next_month: Pipeline) -> None:
    writes = "SELECT PG_SEQUENCE_LAST_VALUE('audit.foreign_writes')"
    with closing(psycopg2.connect(next_month.dsn)) as checks, checks.cursor() as cursor:
        cursor.execute("SELECT PG_ADVISORY_XACT_LOCK(HASHTEXT('batch_etl.measure'))")
        with ThreadPoolExecutor() as beside:
            written = beside.submit(next_month.query, HAND_MADE["contract_of_sales"])
            wait_for_waiters(next_month, 1)
            assert next_month.query(writes) == [(None,)]
            checks.commit()
            written.result(timeout=60)

    assert next_month.query(writes) == [(1,)]


def test_what_a_transaction_writes_that_began_before_the_checks_is_found_after_them(next_month: Pipeline) -> None:
    with closing(psycopg2.connect(next_month.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT FROM audit.measured_parts")
        next_month.run("r2", stages=["quality_checks"])
        cursor.execute(HAND_MADE["contract_of_sales"])
        connection.commit()

    with pytest.raises(QualityStopped, match="contract_of_sales"):
        next_month.run("r2", stages=["data_loading", "quality_checks"])


def test_a_sale_that_is_gone_from_a_month_that_stays_is_missed(next_month: Pipeline) -> None:
    next_month.query("DELETE FROM core.fct_sale WHERE sale_id = 'S00000001'")

    with pytest.raises(QualityStopped, match="marts_agree_with_sales"):
        next_month.run("r2", stages=["quality_checks"])

    next_month.run("r3", recompute=Recompute(is_full=True))
    next_month.shows("SELECT COUNT(*) AS sales FROM core.fct_sale", "sales\n6")
