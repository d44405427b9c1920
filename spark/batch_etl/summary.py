"""What is told about a run, read in one snapshot, and its row of marts.daily_summary."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.contract import Contract
from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import ConfigurationError
from batch_etl.quarantine.desk import Desk
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.report.lineage import trace_marts
from batch_etl.settings import Settings
from batch_etl.stores.lake import Lake
from batch_etl.stores.rejections import RejectedBatch, Rejections, read_rejections
from batch_etl.stores.warehouse import fetch_rows

Rows = Sequence[dict[str, Any]]
_PARTS = (
    *("figures", "datasets", "stages", "files", "rejected", "checks", "changes"),
    *("days", "categories", "history", "batches"),
)
_SUMS = (
    *(f"{what}_records" for what in ("source", "clean", "quarantined", "duplicate", "unjudged", "judged_again")),
    "judged_again_files",
)
_SAMPLED_REASONS = 30


@dataclass(frozen=True)
class Summary:
    """Everything that is told about a run; the columns of most parts stand in sql/reports/run_<part>.sql.

    reasons  why records that the run read or judged again are in quarantine, published or not: one row a reason
    samples  such records, personal values masked
    lineage  one row a mart: its tables, its datasets and their files
    """

    run_key: str
    figures: dict[str, Any]
    datasets: Rows = ()
    stages: Rows = ()
    files: Rows = ()
    reasons: Rows = ()
    samples: Rows = ()
    checks: Rows = ()
    changes: Rows = ()
    days: Rows = ()
    categories: Rows = ()
    history: Rows = ()
    batches: Rows = ()
    lineage: Rows = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def read_summary(connection: Connection, run_key: str, settings: Settings) -> Summary:
    """Collect what the audit knows about a run, in one snapshot."""
    project = settings.pipeline_home
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        marts = [row["mart"] for row in fetch_rows(cursor, (project / "sql/reports/marts.sql").read_text())]
        parts: dict[str, Any] = {part: _read_part(cursor, project, part, run_key) for part in _PARTS}
    sums = {name: sum(row[name] for row in parts["datasets"]) for name in _SUMS}
    failed = sum(not check["is_passed"] for check in parts["checks"])
    parts["figures"] = parts["figures"][0] | sums | {"failed_checks": failed}
    if parts["figures"]["outcome"] != "published":
        # What an earlier try published is not what this one did.
        parts["changes"] = []
    lake = Lake(settings.folder("processed"))
    rejected = [_rejected_batch(lake, **row) for row in parts.pop("rejected")]
    desk = Desk(connection, _contracts(settings), lake)
    parts |= _told(read_rejections(rejected), desk)
    queries = {file.stem: file.read_text(encoding="utf-8") for file in (project / "sql/transformations").glob("*.sql")}
    changed = [change["table_name"] for change in parts["changes"]]
    parts["lineage"] = trace_marts(marts, queries, parts["batches"], changed)
    return Summary(run_key, **parts)


def _contracts(settings: Settings) -> dict[str, Contract]:
    """None where one is broken: every record is masked whole then, and the run that failed by it has its report."""
    try:
        return read_contracts(settings.folder("contracts"))
    except ConfigurationError:
        return {}


def record_summary(connection: Connection, summary: Summary) -> None:
    """Write the run's row of marts.daily_summary; writing it again replaces it."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO marts.daily_summary AS known (
                run_key, summarised_at, release, outcome, source_files, refused_files, source_records,
                clean_records, quarantined_records, duplicate_records, failed_checks, sales, net_usd, triggered_by,
                started_at
            )
            VALUES (
                %(run_key)s, NOW(), %(release)s, %(outcome)s, %(source_files)s, %(refused_files)s, %(source_records)s,
                %(clean_records)s, %(quarantined_records)s, %(duplicate_records)s, %(failed_checks)s,
                %(sales)s, %(net_usd)s, %(triggered_by)s, %(started_at)s
            )
            ON CONFLICT (run_key) DO UPDATE SET
                (summarised_at, release, outcome, source_files, refused_files, source_records,
                 clean_records, quarantined_records, duplicate_records, failed_checks, sales, net_usd, triggered_by)
                = (EXCLUDED.summarised_at, EXCLUDED.release, EXCLUDED.outcome, EXCLUDED.source_files,
                   EXCLUDED.refused_files, EXCLUDED.source_records, EXCLUDED.clean_records,
                   EXCLUDED.quarantined_records, EXCLUDED.duplicate_records, EXCLUDED.failed_checks,
                   EXCLUDED.sales, EXCLUDED.net_usd, EXCLUDED.triggered_by)
            """,
            {"run_key": summary.run_key, **summary.figures},
        )


def _read_part(cursor: Cursor, project: Path, part: str, run_key: str) -> Rows:
    statement = (project / f"sql/reports/run_{part}.sql").read_text(encoding="utf-8")
    return fetch_rows(cursor, statement, {"run_key": run_key})


def _rejected_batch(lake: Lake, *, dataset: str, batch_id: str, contract_id: str, source_file: str) -> RejectedBatch:
    folder = lake.judged("quarantine", dataset, contract_id, batch_id)
    return RejectedBatch(dataset, batch_id, source_file, folder)


def _told(rejections: Rejections, desk: Desk) -> dict[str, Rows]:
    """The parts reasons and samples: one row a dataset and reason; one row a sample, as people may see it."""
    reasons = [
        {"dataset": dataset, "reason": reason, "records": records}
        for (dataset, reason), records in rejections.records.items()
    ]
    return {
        "reasons": reasons,
        "samples": [
            _sample(reason, desk.masked(record))
            for dataset, reason in islice(rejections.records, _SAMPLED_REASONS)
            for record in rejections.samples[dataset, reason]
        ],
    }


def _sample(reason: str, seen: QuarantinedRecord) -> dict[str, Any]:
    return {
        "dataset": seen.dataset,
        "reason": reason,
        "source_file": seen.source_file,
        "record_number": seen.record_number,
        "raw": seen.raw,
        "reasons": list(seen.reasons),
    }
