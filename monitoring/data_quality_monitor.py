"""Stage 5: measure staging before anybody sees it, judge, record, and stop the publish where it must not happen.

The checks of sql/checks name tables without schema: here they find staging, on a published warehouse they find core and
marts. docs/runbook.md has an entry for every check.
"""

import argparse
import json
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import claim, quality
from batch_etl.errors import ConfigurationError, EtlError, QualityStopped
from batch_etl.quality import CheckResult
from batch_etl.run import Run, StageResult
from batch_etl.settings import QualityLimits, Settings
from batch_etl.stores import audit, warehouse
from batch_etl.stores.difference import read_table
from batch_etl.stores.mart import Manifest
from batch_etl.stores.warehouse import fetch_rows
from monitoring.usual_figures import check_figures

log = logging.getLogger(__name__)

_SEVERITY = re.compile(r"^-- Severity: (\w+)$", re.MULTILINE)


def check_staging(run: Run) -> StageResult:
    """Audit the run's newest attempt. Raises QualityStopped, naming each failed check, where it must not be seen."""
    with run.warehouse() as connection:
        with connection, connection.cursor() as cursor:
            token, state, manifest = claim.newest_attempt(cursor, run.run_key)
        if state in ("unchanged", "published") or manifest is None:
            return StageResult(0, 0, {"token": token}, is_nothing_new=True)
        with connection, connection.cursor() as cursor:
            claim.require_staging(cursor, token, list(manifest.rows))
            _show_staging_as_tables(cursor, token, manifest)
            results = [
                quality.judge_row_counts(manifest.rows, _count_rows(cursor, manifest)),
                *_check_keys(cursor, manifest),
                *_check_batches(cursor, manifest, run.settings.config.quality),
                *check_tables(cursor, run.settings),
                *check_figures(cursor, run.run_key, token, manifest.rows, run.settings.config.quality),
            ]
        _record(connection, run.run_key, token, results)
    _stop_on_error(run.run_key, results)
    failed = [result.name for result in results if not result.is_passed]
    rows = sum(manifest.rows.values())
    return StageResult(rows, rows, {"token": token, "checks": len(results), "failed": failed})


def check_tables(cursor: Cursor, settings: Settings) -> list[CheckResult]:
    """The checks that look at tables alone: sql/checks, and the share of unknown references."""
    files = sorted((settings.pipeline_home / "sql/checks").glob("*.sql"))
    results = [
        quality.judge_offenders(file.stem, _severity(file), fetch_rows(cursor, file.read_text())) for file in files
    ]
    counts = fetch_rows(
        cursor,
        """
        SELECT
            COUNT(*) AS sales,
            COUNT(*) FILTER (WHERE customer_key = -1) AS customer,
            COUNT(*) FILTER (WHERE product_key = -1) AS product
        FROM fct_sale
        """,
    )[0]
    unknown = {"customer": counts["customer"], "product": counts["product"]}
    limit = settings.config.quality.max_unknown_share
    return [*results, quality.judge_unknown_share(counts["sales"], unknown, limit=limit)]


def _show_staging_as_tables(cursor: Cursor, token: int, manifest: Manifest) -> None:
    """Let unqualified names mean this attempt's staging for the rest of the session: pg_temp is searched first."""
    view = sql.SQL("CREATE OR REPLACE TEMP VIEW {} AS SELECT * FROM staging.{}")
    for table in manifest.rows:
        name = table.partition(".")[2]
        cursor.execute(view.format(sql.Identifier(name), sql.Identifier(claim.staging_name(table, token))))


def _count_rows(cursor: Cursor, manifest: Manifest) -> dict[str, int]:
    count = sql.SQL("SELECT COUNT(*) AS n FROM {}")
    tables = {table: sql.Identifier(table.partition(".")[2]) for table in manifest.rows}
    return {table: fetch_rows(cursor, count.format(view))[0]["n"] for table, view in tables.items()}


def _check_keys(cursor: Cursor, manifest: Manifest) -> list[CheckResult]:
    statement = sql.SQL("SELECT {key}, COUNT(*) AS n FROM {view} GROUP BY {key} HAVING COUNT(*) > 1 OR {null} LIMIT 10")
    results = []
    for table in manifest.rows:
        name = table.partition(".")[2]
        columns = [sql.Identifier(column) for column in read_table(cursor, table).key]
        null = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(column) for column in columns)
        query = statement.format(key=sql.SQL(", ").join(columns), view=sql.Identifier(name), null=null)
        results.append(quality.judge_keys(table, fetch_rows(cursor, query)))
    return results


def _check_batches(cursor: Cursor, manifest: Manifest, limits: QualityLimits) -> list[CheckResult]:
    batch_ids = [batch for ids in manifest.batches.values() for batch in ids]
    statement = """
        SELECT DISTINCT ON (dataset, batch_id) dataset, batch_id, source_file, source_records, quarantined_records
        FROM audit.batch_ledger
        WHERE batch_id = ANY(%s)
        ORDER BY dataset, batch_id, judged_at DESC
        """
    ledgers = fetch_rows(cursor, statement, (batch_ids,))
    return [
        quality.judge_ledgers(manifest.batches, [(row["dataset"], row["batch_id"]) for row in ledgers]),
        quality.judge_quarantined_share(ledgers, limit=limits.max_quarantined_share),
    ]


def _record(connection: Connection, run_key: str, token: int, results: Sequence[CheckResult]) -> None:
    """Results, the attempt's state and, where it is stopped, the message about it: in one transaction."""
    stopping = [result for result in results if result.stops_publish]
    with connection, connection.cursor() as cursor:
        for result in results:
            offenders = json.dumps(list(result.offenders), default=str)
            row = (run_key, token, result.name, result.severity, result.is_passed, result.message, offenders)
            cursor.execute(
                """
                INSERT INTO audit.quality_results
                    (run_key, token, check_name, severity, is_passed, message, offenders)
                VALUES (%s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (run_key, token, check_name) DO NOTHING
                """,
                row,
            )
        claim.advance(cursor, run_key, token, state="stopped" if stopping else "audited")
        if stopping:
            body = "\n".join(f"{result.name}: {result.message}" for result in stopping)
            subject = f"Publish of {run_key} is stopped by {len(stopping)} checks"
            audit.write_message(cursor, run_key, kind="stopped", severity="error", subject=subject, body=body)


def _stop_on_error(run_key: str, results: Sequence[CheckResult]) -> None:
    for result in results:
        if not result.is_passed:
            log.warning("check %s: %s", result.name, result.message, extra={"severity": result.severity})
    stopping = [f"{result.name} ({result.message})" for result in results if result.stops_publish]
    if stopping:
        raise QualityStopped(
            f"run {run_key}: nothing was published; {', '.join(stopping)}. "
            "Look at audit.quality_results and the entry of each check in docs/runbook.md"
        )


def _severity(file: Path) -> quality.Severity:
    match = _SEVERITY.search(file.read_text(encoding="utf-8"))
    if match is None or match[1] not in get_args(quality.Severity):
        raise ConfigurationError(f"{file}: needs a line '-- Severity: error' or '-- Severity: warn'")
    return "error" if match[1] == "error" else "warn"


def main() -> None:
    """Check the published warehouse now; exit code of QualityStopped where a check of severity error fails."""
    parser = argparse.ArgumentParser(description="Check the published warehouse.")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    settings = Settings()
    try:
        with (
            warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name="quality") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET LOCAL search_path = core, marts, quarantine")
            results = check_tables(cursor, settings)
    except EtlError as error:
        sys.exit(f"{error}")
    if arguments.json:
        sys.stdout.write(json.dumps([vars(result) for result in results], default=str) + "\n")
    else:
        for result in results:
            verdict = "pass" if result.is_passed else result.severity
            sys.stdout.write(f"{verdict:6}{result.name}: {result.message}\n")
    sys.exit(QualityStopped.exit_code if any(result.stops_publish for result in results) else 0)


if __name__ == "__main__":
    main()
