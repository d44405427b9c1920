"""Does what is in the tables add up to what stood in the files, and is it of today?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.contract import Contract
from batch_etl.quality import CheckResult
from batch_etl.stores.audit import Ledger
from batch_etl.stores.contract_tables import table_of, table_stands
from batch_etl.stores.visible_parts import foreign_writes
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.measured_tables import Measured

_IN_QUARANTINE = "SELECT dataset, batch_id, COUNT(*) AS n FROM records GROUP BY dataset, batch_id"
# What was computed from the same is the same, also where it was put back.
_NEWEST_RELEASE = """
    SELECT newest.release, same.table_rows AS told
    FROM audit.releases AS newest
    INNER JOIN audit.releases AS same USING (fingerprint)
    WHERE newest.release = (SELECT MAX(release) FROM audit.releases)
    ORDER BY same.table_rows IS NULL, same.release DESC
    LIMIT 1
"""
_LAST_GOOD_RUN = """
    SELECT MAX(finished_at) FROM audit.stage_runs WHERE stage = 'publish' AND state IN ('done', 'nothing new')
"""


def check_reconciliation(
    cursor: Cursor, ledgers: Sequence[Ledger], measured: Mapping[str, Measured], contracts: Mapping[str, Contract]
) -> list[CheckResult]:
    """Follow records and cents of every file from its bytes to the tables that were measured, by these contracts."""
    quarantined = {(row["dataset"], row["batch_id"]): row["n"] for row in fetch_rows(cursor, _IN_QUARANTINE)}
    in_order = sorted(ledgers, key=lambda ledger: (ledger.dataset, ledger.source_file))
    files = [_account(ledger, quarantined.get((ledger.dataset, ledger.batch_id), 0)) for ledger in in_order]
    return [quality.judge_files(files), quality.judge_tables(_compare(ledgers, measured, contracts))]


def _account(ledger: Ledger, in_quarantine: int) -> dict[str, Any]:
    return {
        "dataset": ledger.dataset,
        "source_file": ledger.source_file,
        "source_records": ledger.source_records,
        "accounted_records": ledger.clean_records + ledger.quarantined_records + ledger.duplicate_records,
        "source_cents": ledger.source_cents,
        "accounted_cents": ledger.clean_cents + ledger.quarantined_cents + ledger.duplicate_cents,
        "quarantined_records": ledger.quarantined_records,
        "records_in_quarantine": in_quarantine,
    }


def _compare(
    ledgers: Sequence[Ledger], measured: Mapping[str, Measured], contracts: Mapping[str, Contract]
) -> list[dict[str, Any]]:
    records: Counter[str] = Counter()
    cents: Counter[str] = Counter()
    for ledger in ledgers:
        records[ledger.dataset] += ledger.clean_records
        cents[ledger.dataset] += ledger.clean_cents
    # Another contract may have added up another amount.
    today = {(dataset, contract.fingerprint) for dataset, contract in contracts.items()}
    others = {ledger.dataset for ledger in ledgers if (ledger.dataset, ledger.contract_id) not in today}
    return [
        {
            "dataset": dataset,
            "clean_records": records[dataset],
            "clean_cents": None if dataset in others else cents[dataset],
            "table_rows": measured[dataset].records,
            "table_cents": None if dataset in others else measured[dataset].cents,
        }
        for dataset in sorted(records.keys() & measured.keys())
    ]


def check_release(cursor: Cursor, measured: Mapping[str, Measured]) -> list[CheckResult]:
    """Published tables are as releases left them: every row is there, and nobody else has written to them."""
    newest = next(iter(fetch_rows(cursor, _NEWEST_RELEASE)), {"release": None, "told": None})
    held = count_rows(cursor, newest["told"] or {}, measured)
    return [
        quality.judge_release(newest["release"], newest["told"], held),
        quality.judge_writers(*foreign_writes(cursor)),
    ]


def count_rows(cursor: Cursor, tables: Iterable[str], measured: Mapping[str, Measured]) -> dict[str, int]:
    """Rows of each table that stands: by its name without schema, unless they were counted when it was measured."""
    known = {table_of(dataset): told.rows for dataset, told in measured.items()}
    others = [table for table in tables if table not in known and table_stands(cursor, table)]
    count = sql.SQL("SELECT COUNT(*) FROM {}")
    return known | {
        table: fetch_value(cursor, count.format(sql.Identifier(table.partition(".")[2]))) for table in others
    }


def check_freshness(cursor: Cursor, now: datetime, *, max_age_hours: float) -> CheckResult:
    """The last run that published, or found everything as it is, is not too long ago."""
    last = last_good_run(cursor)
    age = None if last is None else (now - last) / timedelta(hours=1)
    return quality.judge_age(age, limit_hours=max_age_hours)


def last_good_run(cursor: Cursor) -> datetime | None:
    """When a run last came to a publish, also where it found nothing new. A restore is none."""
    moment: datetime | None = fetch_value(cursor, _LAST_GOOD_RUN)
    return moment
