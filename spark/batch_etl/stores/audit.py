"""What ran and what became of every record, in the warehouse's audit schema."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import execute_batch

from batch_etl.errors import LedgerImbalance
from batch_etl.stores.warehouse import fetch_value


@dataclass(frozen=True)
class SourceFile:
    """What a run found under one name in data/raw. state: landed, seen, refused, or ignored, which has no dataset."""

    file_name: str
    dataset: str | None
    state: str
    batch_id: str | None = None
    reason: str | None = None
    size_bytes: int | None = None
    records: int | None = None


@dataclass(frozen=True)
class Ledger:
    """Where the records and cents of a batch went."""

    dataset: str
    batch_id: str
    contract_id: str
    source_file: str
    source_records: int
    clean_records: int
    quarantined_records: int
    duplicate_records: int
    source_cents: int
    clean_cents: int
    quarantined_cents: int
    duplicate_cents: int

    def check(self) -> None:
        """Raise LedgerImbalance with the figures where a record or a cent is unaccounted for."""
        for unit in ("records", "cents"):
            parts = [getattr(self, f"{part}_{unit}") for part in ("source", "clean", "quarantined", "duplicate")]
            if parts[0] != sum(parts[1:]):
                raise LedgerImbalance(
                    f"{self.source_file}: {parts[0]} {unit} in the file, but {parts[1]} clean + {parts[2]} quarantined "
                    f"+ {parts[3]} duplicate = {sum(parts[1:])}; nothing of the file goes on, report this as a bug",
                    dataset=self.dataset,
                )


def begin_stage(connection: Connection, run_key: str, stage: str) -> int:
    """Record that a stage starts; returns the number of this attempt."""
    with connection, connection.cursor() as cursor:
        attempt = fetch_value(
            cursor,
            """
            INSERT INTO audit.stage_runs (run_key, stage, attempt, state, started_at)
            SELECT %(run_key)s, %(stage)s, COUNT(*) + 1, 'running', NOW()
            FROM audit.stage_runs
            WHERE run_key = %(run_key)s AND stage = %(stage)s
            RETURNING attempt
            """,
            {"run_key": run_key, "stage": stage},
        )
    return int(attempt)


def end_stage(
    connection: Connection,
    run_key: str,
    stage: str,
    attempt: int,
    *,
    state: str,
    records_in: int | None = None,
    records_out: int | None = None,
    bytes_in: int | None = None,
    bytes_out: int | None = None,
    peak_memory_bytes: int | None = None,
    details: Mapping[str, Any],
) -> None:
    """Record how a stage ended. state: done, nothing new or failed."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE audit.stage_runs
            SET
                state = %s,
                finished_at = CLOCK_TIMESTAMP(),
                records_in = %s,
                records_out = %s,
                bytes_in = %s,
                bytes_out = %s,
                peak_memory_bytes = %s,
                details = %s
            WHERE run_key = %s AND stage = %s AND attempt = %s
            """,
            (
                *(state, records_in, records_out, bytes_in, bytes_out, peak_memory_bytes, json.dumps(details)),
                *(run_key, stage, attempt),
            ),
        )


def failure_of(connection: Connection, run_key: str, stage: str, attempt: int) -> str | None:
    """The error that ended an attempt at a stage, as "ClassName: message"; None where it recorded none."""
    with connection, connection.cursor() as cursor:
        ended = "SELECT details ->> 'error' FROM audit.stage_runs WHERE run_key = %s AND stage = %s AND attempt = %s"
        error: str | None = fetch_value(cursor, ended, (run_key, stage, attempt))
    return error


def record_source_files(connection: Connection, run_key: str, files: Sequence[SourceFile]) -> None:
    """Record the source files of a run. A retry that sees its own files again leaves the first finding.

    What was refused or ignored and is no longer there is forgotten; what landed stays, as its records do, also where
    other content has come under its name.
    """
    unread = [file.file_name for file in files if file.reason is not None]
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM audit.source_files WHERE run_key = %s AND reason IS NOT NULL AND file_name <> ALL(%s)",
            (run_key, unread),
        )
        execute_batch(
            cursor,
            """
            INSERT INTO audit.source_files AS known
                (run_key, file_name, dataset, state, batch_id, reason, size_bytes, records)
            VALUES (
                %(run_key)s, %(file_name)s, %(dataset)s, %(state)s,
                %(batch_id)s, %(reason)s, %(size_bytes)s, %(records)s
            )
            ON CONFLICT (run_key, file_name, batch_id) DO UPDATE SET
                dataset = EXCLUDED.dataset,
                state = EXCLUDED.state,
                reason = EXCLUDED.reason,
                size_bytes = EXCLUDED.size_bytes,
                records = EXCLUDED.records
            WHERE known.reason IS DISTINCT FROM EXCLUDED.reason
            """,
            [{"run_key": run_key, **asdict(file)} for file in files],
            page_size=1000,
        )


def record_ledgers(connection: Connection, run_key: str, ledgers: Sequence[Ledger]) -> None:
    """Record where batches went. Judging one again by the same contract and code gives the same figures."""
    with connection, connection.cursor() as cursor:
        execute_batch(
            cursor,
            """
            INSERT INTO audit.batch_ledger (
                run_key, dataset, batch_id, contract_id, source_file,
                source_records, clean_records, quarantined_records, duplicate_records,
                source_cents, clean_cents, quarantined_cents, duplicate_cents
            )
            VALUES (
                %(run_key)s, %(dataset)s, %(batch_id)s, %(contract_id)s, %(source_file)s,
                %(source_records)s, %(clean_records)s, %(quarantined_records)s, %(duplicate_records)s,
                %(source_cents)s, %(clean_cents)s, %(quarantined_cents)s, %(duplicate_cents)s
            )
            ON CONFLICT (dataset, batch_id, contract_id) DO UPDATE SET
                run_key = EXCLUDED.run_key,
                source_records = EXCLUDED.source_records,
                clean_records = EXCLUDED.clean_records,
                quarantined_records = EXCLUDED.quarantined_records,
                duplicate_records = EXCLUDED.duplicate_records,
                source_cents = EXCLUDED.source_cents,
                clean_cents = EXCLUDED.clean_cents,
                quarantined_cents = EXCLUDED.quarantined_cents,
                duplicate_cents = EXCLUDED.duplicate_cents,
                judged_at = CLOCK_TIMESTAMP()
            """,
            [{"run_key": run_key, **asdict(ledger)} for ledger in ledgers],
            page_size=1000,
        )


def clean_records(connection: Connection, contracts: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """(dataset, batch_id) -> clean records by the ledgers of these contracts. contracts: dataset -> contract_id."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT dataset, batch_id, clean_records
            FROM audit.batch_ledger
            WHERE (dataset, contract_id) IN (SELECT * FROM UNNEST(%s::text[], %s::text[]))
            """,
            (list(contracts), list(contracts.values())),
        )
        return {(dataset, batch_id): records for dataset, batch_id, records in cursor.fetchall()}


def put_in_force(connection: Connection, run_key: str, dataset: str, contract_id: str) -> None:
    """Let the ledgers of this contract be the latest ones again, where a contract was changed and changed back."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE audit.batch_ledger AS ledger
            SET judged_at = CLOCK_TIMESTAMP(), run_key = %s
            WHERE ledger.dataset = %s AND ledger.contract_id = %s AND EXISTS (
                SELECT 1
                FROM audit.batch_ledger AS later
                WHERE later.dataset = ledger.dataset
                    AND later.batch_id = ledger.batch_id
                    AND later.judged_at > ledger.judged_at
            )
            """,
            (run_key, dataset, contract_id),
        )


def write_message(cursor: Cursor, run_key: str, *, kind: str, severity: str, subject: str, body: str) -> None:
    """Put a message into the outbox, in the transaction that it reports on."""
    cursor.execute(
        """
        INSERT INTO audit.outbox (run_key, kind, severity, subject, body)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (run_key, kind) DO NOTHING
        """,
        (run_key, kind, severity, subject, body),
    )
