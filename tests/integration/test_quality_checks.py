"""Staging is audited before anybody sees it: each check finds its fault, and an error keeps everything as it was."""

import re
import subprocess
import sys

import pytest

from batch_etl.errors import ConfigurationError, QualityStopped, Superseded
from batch_etl.stores import warehouse
from monitoring.warehouse_checks import check_warehouse
from tests.integration.pipeline import AFTER_LOADING, PROJECT, VISIBLE, Pipeline

CHECKS = {
    **{f"key_of_{table.partition('.')[2]}": "error" for table in VISIBLE if table != "core.fct_sale"},
    "customer_cohorts": "error",
    **{f"contract_of_{dataset}": "error" for dataset in ("customers", "products", "sales")},
    "dim_customer_history": "error",
    "dim_product_history": "error",
    "distribution_as_usual": "warn",
    "files_add_up": "error",
    "fct_sale_amounts": "error",
    "fct_sale_references": "error",
    "key_figures_as_usual": "warn",
    "ledger_balances": "error",
    "marts_agree_with_sales": "error",
    "quarantined_share": "warn",
    "rates_as_usual": "warn",
    "staging_holds_the_mart": "error",
    "tables_add_up": "error",
    "unknown_share": "warn",
    "volume_as_usual": "warn",
}

# What is broken in staging, and the check that finds it.
BROKEN = {
    "staging_holds_the_mart": "DELETE FROM staging.dim_date_t1 WHERE calendar_date = '2025-12-31'",
    "key_of_product_performance": "UPDATE staging.product_performance_t1 SET product_id = 'P000001'",
    "key_of_records": "UPDATE staging.records_t1 SET record_number = 3 WHERE dataset = 'customers'",
    "contract_of_customers": "UPDATE staging.dim_customer_t1 SET email = 'nobody' WHERE customer_key != -1",
    "contract_of_products": "UPDATE staging.dim_product_t1 SET stock_quantity = -1 WHERE product_id = 'P000001'",
    "contract_of_sales": "UPDATE staging.fct_sale_t1 SET region = 'moon' WHERE sale_id = 'S00000001'",
    "files_add_up": "UPDATE staging.records_t1 SET batch_id = 'another' WHERE dataset = 'sales'",
    "tables_add_up": "UPDATE audit.batch_ledger SET (clean_records, duplicate_records) = (0, 2)"
    " WHERE dataset = 'products'",
    "ledger_balances": "DELETE FROM audit.batch_ledger WHERE dataset = 'sales'",
    "dim_customer_history": "UPDATE staging.dim_customer_t1 SET valid_to_utc = '2025-01-15' WHERE NOT is_current",
    "dim_product_history": "UPDATE staging.dim_product_t1 SET is_current = FALSE WHERE product_id = 'P000001'",
    "fct_sale_amounts": "UPDATE staging.fct_sale_t1 SET gross_usd = gross_usd + 1, discount_usd = discount_usd + 1",
    "fct_sale_references": "UPDATE staging.fct_sale_t1 SET customer_key = 42 WHERE sale_id = 'S00000001'",
    "customer_cohorts": "UPDATE staging.cohort_retention_t1 SET cohort_customers = cohort_customers + 1",
    "marts_agree_with_sales": "UPDATE staging.customer_value_t1 SET net_usd = net_usd + 0.01 WHERE segment = 'unknown'",
}


def test_every_check_is_made_and_recorded(loaded: Pipeline) -> None:
    (result,) = loaded.run("r1", stages=["quality_checks"]).values()

    results = loaded.query("SELECT check_name, severity, is_passed FROM audit.quality_results ORDER BY check_name")
    assert {name: severity for name, severity, _ in results} == CHECKS
    # Half of the drawn customers are broken.
    assert [name for name, _, is_passed in results if not is_passed] == ["quarantined_share"]
    assert result.details == {"token": 1, "checks": len(CHECKS), "failed": ["quarantined_share"]}
    assert loaded.query("SELECT state FROM audit.runs") == [("audited",)]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DELETE FROM core.dim_date RETURNING *", 'syntax error at or near "FROM" LINE 2: DELETE FROM'),
        ("SELECT 1; COMMIT; DELETE FROM core.dim_date", 'syntax error at or near ";" LINE 2: SELECT 1; COMMIT'),
        ("SELECT core.change()", "cannot execute CREATE TABLE in a read-only transaction; mend the check"),
        ("SELECT '0044-03-15 BC'::date AS day", "a value that is found cannot be read: year -44 is out of range; cast"),
        ("SELECT no_column FROM fct_sale", 'column "no_column" does not exist LINE 2: '),
    ],
)
def test_a_check_that_writes_or_cannot_be_read_is_refused_by_its_file(loaded: Pipeline, query: str, told: str) -> None:
    body = "BEGIN CREATE TABLE core.made (n int); RETURN 1; END"
    loaded.query(f"CREATE FUNCTION core.change() RETURNS int LANGUAGE plpgsql AS $$ {body} $$")
    file = loaded.home / "sql/checks/mine.sql"
    file.write_text(f"-- Severity: error\n{query}", encoding="utf-8")

    refused = pytest.raises(ConfigurationError, match=re.escape(f"{file}: {told}"))
    with refused:
        loaded.run("r1", stages=["quality_checks"])
    with refused, warehouse.connect(loaded.dsn, application_name="test") as connection:
        check_warehouse(connection, loaded.settings)


@pytest.mark.parametrize("check", BROKEN)
def test_an_error_in_staging_stops_the_publish_and_nothing_visible_changes(loaded: Pipeline, check: str) -> None:
    before = loaded.contents()
    loaded.query(BROKEN[check])

    with pytest.raises(QualityStopped, match=rf"run r1: nothing was published; {check} \("):
        loaded.run("r1", stages=["quality_checks"])
    with pytest.raises(Superseded, match="attempt 1 may not publish, attempt 1 is stopped"):
        loaded.run("r1", stages=["publish"])

    assert loaded.contents() == before
    failed = loaded.query("SELECT check_name FROM audit.quality_results WHERE NOT is_passed AND severity = 'error'")
    assert failed == [(check,)]
    named = "SELECT COUNT(*) FROM audit.quality_results WHERE is_passed AND JSON_ARRAY_LENGTH(offenders) > 0"
    assert loaded.query(named) == [(0,)]


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (
            "UPDATE staging.fct_sale_t1 SET customer_id = 'C0000002' WHERE sale_id = 'S00000001'",
            "fct_sale_references",
        ),
        ("UPDATE staging.fct_sale_t1 SET product_id = 'nothing' WHERE sale_id = 'S00000001'", "fct_sale_references"),
        ("UPDATE staging.fct_sale_t1 SET customer_id = 'nobody' WHERE customer_key = -1", "contract_of_sales"),
    ],
)
def test_the_number_of_a_known_customer_or_product_is_its_own_and_that_of_an_unknown_one_keeps_the_pattern(
    loaded: Pipeline, fault: str, check: str
) -> None:
    loaded.query(fault)

    with pytest.raises(QualityStopped, match=rf"nothing was published; {check} \("):
        loaded.run("r1", stages=["quality_checks"])


def test_a_run_that_was_stopped_is_summarised_and_announced(loaded: Pipeline) -> None:
    loaded.query(BROKEN["fct_sale_amounts"])
    with pytest.raises(QualityStopped):
        loaded.run("r1", stages=["quality_checks"])

    loaded.run("r1", stages=["daily_summary", "notifications"])

    loaded.shows(
        "SELECT * FROM marts.daily_summary",
        "run_key | outcome | release | failed_checks | sales\nr1 | stopped | | 2 | 0",
    )
    assert loaded.query("SELECT subject, sent_at IS NOT NULL FROM audit.outbox WHERE severity = 'error'") == [
        ("Incident 1: Check fct_sale_amounts failed: nothing is published", True),
    ]
    report = (loaded.home / "data/processed/reports/r1.txt").read_text()
    assert report.startswith("Run r1: NOT published (stopped), there is no release yet\n")
    assert "fct_sale_amounts   error     5 offending rows" in report
    # In the order of the check's query.
    found = r"^    sale_id S\d+, gross_usd [\d.]+, discount_usd [\d.]+, net_usd [\d.]+$"
    assert len(re.findall(found, report, re.MULTILINE)) == 3
    assert "… and 2 more in audit.quality_results" in report


def test_a_new_attempt_after_a_stop_is_audited_anew(loaded: Pipeline, spark: object) -> None:  # noqa: ARG001
    loaded.query(BROKEN["fct_sale_amounts"])
    with pytest.raises(QualityStopped):
        loaded.run("r1", stages=["quality_checks"])

    loaded.run("r1", stages=["data_loading", "quality_checks", "publish", "daily_summary"])

    loaded.shows("SELECT * FROM audit.runs", "run_key | token | state\nr1 | 2 | published")
    loaded.shows("SELECT * FROM marts.daily_summary", "outcome | release | failed_checks\npublished | 1 | 1")


MINE = "-- Severity: error\nSELECT 1 AS number WHERE {}\n"
OF_MINE = "SELECT is_passed, message FROM audit.quality_results WHERE check_name = 'mine'"
INCIDENTS_OF_MINE = "SELECT subject, state FROM audit.incidents WHERE cause = 'mine'"


def judge_with(pipeline: Pipeline, condition: str) -> None:
    (pipeline.home / "sql/checks/mine.sql").write_text(MINE.format(condition), encoding="utf-8")
    try:
        pipeline.run("r1", stages=["quality_checks"])
    finally:
        pipeline.run("r1", stages=["notifications"])


@pytest.mark.parametrize("mend", ["correct it", "take it away"])
def test_a_check_that_is_mended_has_passed_when_the_same_attempt_is_judged_again(loaded: Pipeline, mend: str) -> None:
    with pytest.raises(QualityStopped, match="mine"):
        judge_with(loaded, "TRUE")

    if mend == "correct it":
        judge_with(loaded, "FALSE")
    else:
        (loaded.home / "sql/checks/mine.sql").unlink()
    loaded.run("r1", stages=AFTER_LOADING)

    assert loaded.query(OF_MINE) == ([(True, "no offending row")] if mend == "correct it" else [])
    loaded.shows(INCIDENTS_OF_MINE, "subject | state\nCheck mine failed: nothing is published | recovered")
    loaded.shows("SELECT * FROM audit.runs", "run_key | token | state\nr1 | 1 | published")


def test_a_check_that_fails_when_the_same_attempt_is_judged_again_has_failed_and_is_told_of(loaded: Pipeline) -> None:
    judge_with(loaded, "FALSE")
    with pytest.raises(QualityStopped, match="mine"):
        judge_with(loaded, "TRUE")

    assert loaded.query(OF_MINE) == [(False, "1 offending row")]
    assert loaded.query("SELECT offenders FROM audit.quality_results WHERE check_name = 'mine'") == [([{"number": 1}],)]
    loaded.shows(INCIDENTS_OF_MINE, "subject | state\nCheck mine failed: nothing is published | open")


def test_late_master_data_are_told_and_do_not_stop_the_publish(loaded: Pipeline) -> None:
    loaded.query("UPDATE staging.fct_sale_t1 SET product_key = -1")

    loaded.run("r1", stages=["quality_checks"])

    loaded.shows(
        "SELECT *, offenders->0->>'dimension' AS dimension FROM audit.quality_results "
        "WHERE check_name = 'unknown_share'",
        """
        severity | is_passed | dimension | message
        warn     | false     | product   | of 5 sales 1 without a known customer, 5 without a known product
        """,
    )
    assert loaded.query("SELECT state FROM audit.runs") == [("audited",)]


def test_the_published_warehouse_can_be_checked_at_any_time(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.run("r1", stages=["quality_checks", "publish"])
    loaded.describe_in(monkeypatch)
    command = [sys.executable, "-m", "monitoring.data_quality_monitor"]

    passed = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    loaded.query("UPDATE marts.daily_sales SET net_usd = 0")
    loaded.query("UPDATE audit.stage_runs SET finished_at = finished_at - INTERVAL '27 hours'")
    failed = subprocess.run([*command, "--json"], cwd=PROJECT, capture_output=True, text=True, check=False)

    assert (passed.returncode, passed.stderr) == (0, "")
    assert [line.split(":")[0].split() for line in passed.stdout.splitlines()] == [
        *[["pass", f"contract_of_{dataset}"] for dataset in ("customers", "products", "sales")],
        ["pass", "files_add_up"],
        ["pass", "tables_add_up"],
        ["pass", "tables_hold_the_release"],
        ["pass", "written_by_others"],
        ["pass", "customer_cohorts"],
        ["pass", "dim_customer_history"],
        ["pass", "dim_product_history"],
        ["pass", "fct_sale_amounts"],
        ["pass", "fct_sale_references"],
        ["pass", "marts_agree_with_sales"],
        ["pass", "unknown_share"],
        ["pass", "freshness"],
    ]
    assert loaded.query("SELECT COUNT(*) FROM audit.quality_results WHERE run_key LIKE 'monitor %'") == [(30,)]
    assert failed.returncode == QualityStopped.exit_code
    for told in ('"marts_agree_with_sales", "severity": "error"', '"freshness", "severity": "warn"'):
        assert f'"name": {told}, "is_passed": false' in failed.stdout
