"""Checks of a run measure what it staged, and of what stays that on which it has an effect."""

from collections.abc import Callable

import pytest

from batch_etl.errors import ConfigurationError, QualityStopped
from batch_etl.recompute import Recompute
from tests.integration.conftest import CUSTOMERS, OF_FEBRUARY, SALES
from tests.integration.pipeline import AFTER_LOADING, SPARK_STAGES, Pipeline
from tests.integration.test_releases import put_back


@pytest.fixture(scope="module")
def moved_once(january: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    pipeline = next_copy(january)
    moved = CUSTOMERS.splitlines()[1].replace("2025-02-01", "2025-02-20").replace("Bonn", "Ulm")
    (pipeline.raw / "customers_2.json").write_text(moved + "\n", encoding="utf-8")
    pipeline.run("r2", stages=tuple(SPARK_STAGES))
    assert pipeline.staged("r2") >= {"core.dim_customer"}
    assert "2025-01" not in pipeline.staged("r2")
    return pipeline


@pytest.fixture
def moved(moved_once: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    """The customer of the sales moved: staged, not yet audited. The version of January's sale stays as it is."""
    return next_copy(moved_once)


def test_every_part_is_measured_once(next_month: Pipeline) -> None:
    next_month.run("r2", stages=["quality_checks", "publish"])
    next_month.shows(
        """
        SELECT table_name, NULLIF(month, '') AS month, measured -> 'records' AS records
        FROM audit.measured_parts ORDER BY 1, 2, 3
        """,
        """
        table_name        | month   | records
        core.dim_customer |         | 2
        core.dim_product  |         | 2
        core.fct_sale     | 2025-01 | 1
        core.fct_sale     | 2025-02 | 4
        core.fct_sale     | 2025-02 | 5
        """,
    )
    next_month.run("r3", recompute=Recompute(is_full=True))
    told = "SELECT message FROM audit.quality_results WHERE check_name = %s ORDER BY run_key"
    assert next_month.query(told, "contract_of_sales") == [
        ("all 5 rows keep the contract",),
        ("all 6 rows keep the contract",),
        ("all 6 rows keep the contract",),
    ]
    unknown = "sales 1 without a known customer, 1 without a known product"
    assert next_month.query(told, "unknown_share") == [(f"of {sales} {unknown}",) for sales in (5, 6, 6)]


def test_a_month_is_known_as_it_is_now(next_month: Pipeline) -> None:
    # As the same month was in other releases.
    next_month.query("""
        INSERT INTO audit.measured_parts
        SELECT table_name, month, fingerprint, asked, JSONB_SET(measured, '{records}', '9')
        FROM (SELECT table_name, month, asked, measured FROM audit.measured_parts) AS known
        CROSS JOIN (VALUES ('0'), ('z')) AS other (fingerprint)
        """)

    next_month.run("r2", stages=["quality_checks"])

    told = "SELECT message FROM audit.quality_results WHERE check_name = 'contract_of_sales' AND run_key = 'r2'"
    assert next_month.query(told) == [("all 6 rows keep the contract",)]


def test_what_a_release_wrote_is_not_measured_again(next_month: Pipeline) -> None:
    next_month.run("r2", stages=["quality_checks"])
    measured = next_month.query("SELECT * FROM audit.measured_parts ORDER BY 1, 2, 3")

    next_month.run("r2", stages=["publish"])
    put_back(next_month, 1)

    assert next_month.query("SELECT * FROM audit.measured_parts ORDER BY 1, 2, 3") == measured
    # They still count.
    assert next_month.query("SELECT PG_SEQUENCE_LAST_VALUE('audit.foreign_writes')") == [(None,)]


def test_a_month_that_nobody_has_measured_is_measured_where_it_stays(next_month: Pipeline) -> None:
    next_month.query("SET batch_etl.is_release = 'on'; UPDATE core.fct_sale_2025_01 SET region = 'moon'")
    next_month.query("DELETE FROM audit.measured_parts")

    with pytest.raises(QualityStopped, match=r"contract_of_sales \(of 6 rows: region: not an allowed value \(1\)"):
        next_month.run("r2", stages=["quality_checks"])


def test_other_rules_are_asked_of_every_month(next_month: Pipeline) -> None:
    contract = next_month.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("maximum: 1000}", "maximum: 1}", 1), encoding="utf-8")

    with pytest.raises(QualityStopped, match=r"contract_of_sales \(of 6 rows: quantity: above 1 \("):
        next_month.run("r2", stages=["quality_checks"])


def test_a_check_of_touched_sales_that_is_new_is_made_once_of_every_month(next_month: Pipeline) -> None:
    check = next_month.home / "sql/checks/mine.sql"
    header = "-- Severity: error\n-- Sales: touched\n"
    query = "SELECT sale_id FROM fct_sale WHERE sale_id = 'S00000001'"
    check.write_text(header + query, encoding="utf-8")

    for _ in range(2):
        with pytest.raises(QualityStopped, match=r"mine \(1 offending row\)"):
            next_month.run("r2", stages=["quality_checks"])

    check.write_text(f"{header}{query} AND quantity > 2", encoding="utf-8")
    next_month.run("r2", stages=["quality_checks"])
    next_month.query("SET batch_etl.is_release = 'on'; UPDATE core.fct_sale_2025_01 SET quantity = 3")
    next_month.run("r2", stages=["quality_checks"])


@pytest.mark.parametrize(
    "fault",
    [
        "UPDATE staging.dim_customer_t2 SET valid_from_utc = '2025-01-31' WHERE valid_to_utc = '2025-02-01'",
        "UPDATE staging.dim_customer_t2 SET customer_key = customer_key + 1 WHERE valid_to_utc = '2025-02-01'",
    ],
)
def test_a_sale_of_a_month_that_stays_still_points_at_a_version_of_its_customer(moved: Pipeline, fault: str) -> None:
    moved.query(fault)

    with pytest.raises(QualityStopped, match=r"fct_sale_references \(1 offending row\)"):
        moved.run("r2", stages=["quality_checks"])


def test_a_customer_who_moved_is_no_fault(moved: Pipeline) -> None:
    moved.run("r2", stages=AFTER_LOADING)

    moved.shows("SELECT COUNT(*) AS releases FROM audit.releases", "releases\n2")


def test_a_month_is_forgotten_with_the_last_release_that_held_it(next_month: Pipeline) -> None:
    next_month.configure(kept="1")
    next_month.run("r2", stages=["quality_checks", "publish"])
    (next_month.raw / "sales_3.csv").write_text(
        f"{SALES.splitlines()[0]}\n{OF_FEBRUARY.replace('S00000010', 'S00000011')}\n", encoding="utf-8"
    )

    next_month.run("r3")

    known = "SELECT month, measured -> 'records' FROM audit.measured_parts WHERE month != '' ORDER BY 1, 2"
    assert next_month.query(known) == [("2025-01", 1), ("2025-02", 6)]


@pytest.mark.parametrize("sales", ["touch", "some"])
def test_a_check_says_which_sales_it_looks_at(next_month: Pipeline, sales: str) -> None:
    check = next_month.home / "sql/checks/mine.sql"
    check.write_text(f"-- Severity: error\n-- Sales: {sales}\nSELECT 1 WHERE FALSE\n", encoding="utf-8")

    with pytest.raises(ConfigurationError, match=f"mine.sql: '-- Sales: {sales}' must be '-- Sales: touched'"):
        next_month.run("r2", stages=["quality_checks"])


def test_a_check_looks_at_all_sales_or_at_those_that_a_run_touches(next_month: Pipeline) -> None:
    checks, query = next_month.home / "sql/checks", "SELECT sale_id FROM fct_sale\n"
    (checks / "all_sales.sql").write_text("-- Severity: warn\n" + query, encoding="utf-8")
    (checks / "touched_sales.sql").write_text("-- Severity: warn\n-- Sales: touched\n" + query, encoding="utf-8")

    next_month.run("r2", stages=["quality_checks", "publish"])
    (next_month.raw / "sales_3.csv").write_text(
        f"{SALES.splitlines()[0]}\n{OF_FEBRUARY.replace('S00000010', 'S00000011')}\n", encoding="utf-8"
    )
    next_month.run("r3")

    told = "SELECT check_name, message FROM audit.quality_results WHERE check_name ~ '_sales$' AND NOT is_passed"
    assert dict(next_month.query(told + " AND run_key = 'r3'")) == {
        "all_sales": "7 offending rows",
        "touched_sales": "1 offending row",
    }
