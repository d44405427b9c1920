"""A summary that fills every part of the report, drawn once."""

from datetime import UTC, date, datetime
from decimal import Decimal

from batch_etl.summary import Summary

FIGURES = {
    "started_at": datetime(2026, 1, 2, 3, 1, 0, tzinfo=UTC),
    "read_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    "triggered_by": "Ann",
    "outcome": "published",
    "release": 3,
    "visible_release": 3,
    "restored_from": None,
    "source_files": 2,
    "seen_files": 0,
    "refused_files": 1,
    "source_records": 1020,
    "clean_records": 1000,
    "quarantined_records": 15,
    "duplicate_records": 5,
    "unjudged_records": 0,
    "judged_again_records": 0,
    "judged_again_files": 0,
    "failed_checks": 1,
    "sales": 1234567,
    "net_usd": Decimal("98765.40"),
}


def day(number: int, orders: int, net_usd: str) -> dict[str, object]:
    amounts = {"gross_usd": Decimal(net_usd) * 2, "discount_usd": Decimal(net_usd), "net_usd": Decimal(net_usd)}
    return {"sold_on": date(2026, 1, number), "orders": orders, "units": orders * 2, "customers": 1, **amounts}


FULL = Summary(
    run_key="manual__1",
    figures=FIGURES,
    datasets=[
        {
            **{"dataset": "sales", "files": 2, "refused_files": 1, "size_bytes": 20480, "source_records": 1020},
            **{"clean_records": 1000, "duplicate_records": 5, "quarantined_records": 15},
            **{"judged_again_files": 0, "judged_again_records": 0},
            **{"unjudged_records": 0, "released_batches": 7, "released_clean_records": 1100, "published_rows": 1050},
        }
    ],
    stages=[
        {
            **{"stage": "publish", "attempt": 2, "state": "done", "records_in": 1020, "records_out": 7},
            **{"seconds": 1234.56, "records_per_second": 1, "bytes_in": 2_500_000, "peak_memory_bytes": 81_000_000},
            **{"bytes_out": 900, "error": None},
        },
        {
            **{"stage": "notify", "attempt": 1, "state": "running", "records_in": None, "records_out": None},
            **{"seconds": None, "records_per_second": None, "bytes_in": None, "peak_memory_bytes": None},
            **{"bytes_out": None, "error": None},
        },
    ],
    files=[
        {
            **{"file_name": "sales.csv", "dataset": "sales", "state": "landed", "records": 1020, "reason": None},
            **{"clean_records": 1000, "quarantined_records": 15, "duplicate_records": 5},
        },
        {
            **{"file_name": "products.csv", "dataset": "products", "state": "refused", "records": None},
            **{"clean_records": None, "quarantined_records": None, "duplicate_records": None, "reason": "empty"},
        },
    ],
    reasons=[{"dataset": "sales", "reason": "quantity: missing", "records": 15}],
    samples=[
        {
            **{"dataset": "sales", "reason": "quantity: missing", "source_file": "sales.csv", "record_number": 9},
            **{"raw": "S1,,card", "reasons": ["quantity: missing"]},
        }
    ],
    checks=[
        {
            **{"check_name": "unknown_share", "severity": "warn", "is_passed": False, "message": "of 10 sales 9 …"},
            "offenders": [{"dimension": "customer", "sales": 1000, "keys": [{"id": "C1"}, {"id": None}]}],
        },
        {
            **{"check_name": "ledger_balances", "severity": "error", "is_passed": True, "message": "…"},
            "offenders": [],
        },
    ],
    changes=[
        {"table_name": "core.fct_sale", "rows_inserted": 7, "rows_updated": 0, "rows_deleted": 0},
    ],
    days=[day(1, 4, "100.00"), day(7, 5, "100.00"), day(8, 10, "150.00")],
    categories=[{"category": "toys", "orders": 3, "units": 3, "net_usd": Decimal(5), "margin_usd": None}],
    history=[{**FIGURES, "run_key": "r0", "release": 2, "sales": 1234560}],
    batches=[{"dataset": "sales", "batches": 7, "clean_records": 1100, "some_files": ["sales.csv"]}],
    lineage=[
        {"mart": "marts.daily_sales", "tables": ["core.fct_sale"], "datasets": {"sales": 7}, "is_changed": False},
    ],
)
