"""Does what is in the tables add up to what stood in the files, and is it of today?"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.quality import CheckResult
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.measured_tables import Measured

Batches = Mapping[str, Sequence[str]]

_FILES = """
    SELECT
        ledger.dataset,
        ledger.source_file,
        ledger.source_records,
        ledger.clean_records + ledger.quarantined_records + ledger.duplicate_records AS accounted_records,
        ledger.source_cents,
        ledger.clean_cents + ledger.quarantined_cents + ledger.duplicate_cents AS accounted_cents,
        ledger.quarantined_records,
        COALESCE(held.records, 0) AS records_in_quarantine
    FROM (
        SELECT DISTINCT ON (dataset, batch_id) *
        FROM audit.batch_ledger
        WHERE batch_id = ANY(%s)
        ORDER BY dataset, batch_id, judged_at DESC
    ) AS ledger
    LEFT JOIN (
        SELECT dataset, batch_id, COUNT(*) AS records
        FROM records
        GROUP BY dataset, batch_id
    ) AS held USING (dataset, batch_id)
    ORDER BY ledger.dataset, ledger.source_file
"""
_CLEAN = """
    SELECT dataset, SUM(clean_records)::bigint AS clean_records, SUM(clean_cents) AS clean_cents
    FROM (
        SELECT DISTINCT ON (dataset, batch_id) dataset, clean_records, clean_cents
        FROM audit.batch_ledger
        WHERE batch_id = ANY(%s)
        ORDER BY dataset, batch_id, judged_at DESC
    ) AS ledger
    GROUP BY dataset
    ORDER BY dataset
"""
_LAST_GOOD_RUN = """
    SELECT MAX(finished_at) FROM audit.stage_runs WHERE stage = 'publish' AND state IN ('done', 'nothing new')
"""


def check_reconciliation(cursor: Cursor, batches: Batches, measured: Mapping[str, Measured]) -> list[CheckResult]:
    """Follow records and cents of every file from its bytes to the tables that were measured."""
    batch_ids = list(chain.from_iterable(batches.values()))
    files = _fetch_figures(cursor, _FILES, batch_ids)
    held = [
        {**row, "table_rows": measured[row["dataset"]].records, "table_cents": measured[row["dataset"]].cents}
        for row in _fetch_figures(cursor, _CLEAN, batch_ids)
        if row["dataset"] in measured
    ]
    return [quality.judge_files(files), quality.judge_tables(held)]


def _fetch_figures(cursor: Cursor, statement: str, batch_ids: Sequence[str]) -> list[dict[str, Any]]:
    # A bigint holds nine of the largest amounts that a contract may have; numeric holds them all, and comes as Decimal.
    return [
        {name: int(value) if isinstance(value, Decimal) else value for name, value in row.items()}
        for row in fetch_rows(cursor, statement, (batch_ids,))
    ]


def check_freshness(cursor: Cursor, now: datetime, *, max_age_hours: float) -> CheckResult:
    """The last run that published, or found everything as it is, is not too long ago."""
    last = last_good_run(cursor)
    age = None if last is None else (now - last) / timedelta(hours=1)
    return quality.judge_age(age, limit_hours=max_age_hours)


def last_good_run(cursor: Cursor) -> datetime | None:
    """When a run last came to a publish, also where it found nothing new. A restore is none."""
    moment: datetime | None = fetch_value(cursor, _LAST_GOOD_RUN)
    return moment


def visible_batches(cursor: Cursor) -> dict[str, list[str]]:
    """The batches of the release that everybody sees, by dataset."""
    batches: dict[str, list[str]] = {}
    for row in fetch_rows(
        cursor,
        "SELECT dataset, batch_id FROM audit.release_batches WHERE release = (SELECT MAX(release) FROM audit.releases)",
    ):
        batches.setdefault(row["dataset"], []).append(row["batch_id"])
    return batches
