"""The report of a run: verdict first, then the figures, nothing where there is nothing."""

from dataclasses import replace
from decimal import Decimal

from batch_etl.summary import Summary, render_text

FIGURES = {
    "outcome": "published",
    "release": 3,
    "source_files": 2,
    "refused_files": 1,
    "source_records": 1020,
    "clean_records": 1000,
    "quarantined_records": 15,
    "duplicate_records": 5,
    "failed_checks": 1,
    "sales": 1234567,
    "net_usd": Decimal("98765.40"),
}

FULL = Summary(
    run_key="manual__1",
    figures=FIGURES,
    stages=[
        {"stage": "publish", "attempt": 2, "state": "done", "records_in": 1020, "records_out": 7, "seconds": 1234.56},
        {"stage": "notify", "attempt": 1, "state": "running", "records_in": None, "records_out": None, "seconds": None},
    ],
    files=[
        {"file_name": "sales.csv", "dataset": "sales", "state": "landed", "records": 1020, "reason": None},
        {"file_name": "products.csv", "dataset": "products", "state": "refused", "records": None, "reason": "empty"},
    ],
    reasons=[{"dataset": "sales", "reason": "quantity: missing", "records": 15}],
    checks=[
        {"check_name": "unknown_share", "severity": "warn", "is_passed": False, "message": "of 10 sales 9 …"},
        {"check_name": "ledger_balances", "severity": "error", "is_passed": True, "message": "…"},
    ],
    changes=[
        {"table_name": "core.fct_sale", "rows_inserted": 7, "rows_updated": 0, "rows_deleted": 0},
        {"table_name": "core.dim_date", "rows_inserted": 0, "rows_updated": 0, "rows_deleted": 0},
    ],
)  # fmt: skip


def test_the_whole_report() -> None:
    assert render_text(FULL) == (
        """\
Run manual__1: published as release 3

Records: 1,020 in 2 files = 1,000 clean + 15 quarantined + 5 duplicates; 1 files refused

Warehouse: 1,234,567 sales, 98,765.40 USD net

Files
  file_name     state    records  reason
  sales.csv     landed   1,020    -
  products.csv  refused  -        empty

Quarantine
  dataset  reason             records
  sales    quantity: missing  15

Failed checks
  check_name     severity  message
  unknown_share  warn      of 10 sales 9 …

Changed
  table_name     rows_inserted  rows_updated  rows_deleted
  core.fct_sale  7              0             0

Stages
  stage    state    attempt  records_in  records_out  seconds
  publish  done     2        1,020       7            1,234.6
  notify   running  1        -           -            -
"""
    )


def test_what_is_empty_is_left_out() -> None:
    quiet = Summary("r1", FIGURES, stages=[], files=[], reasons=[], checks=[], changes=[])

    assert len(render_text(quiet).split("\n\n")) == 3


def test_the_verdict_says_what_is_visible() -> None:
    def verdict(outcome: str, release: int | None) -> str:
        return render_text(replace(FULL, figures={**FIGURES, "outcome": outcome, "release": release})).splitlines()[0]

    assert verdict("unchanged", 3) == "Run manual__1: nothing new, release 3 stays"
    assert verdict("stopped", 3) == "Run manual__1: NOT published (stopped), release 3 stays"
    assert verdict("stopped", None) == "Run manual__1: NOT published (stopped), there is no release yet"
