"""`python -m monitoring.data_quality_monitor`: check what is published, at any time."""

import argparse
import json
import sys
from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import EtlError, QualityStopped
from batch_etl.quality import CheckResult
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.warehouse import fetch_value
from monitoring.contract_checks import check_contracts
from monitoring.measured_tables import measure_tables
from monitoring.reconciliation import check_freshness, check_reconciliation, visible_batches
from monitoring.results import record_results
from monitoring.scans import prefer_scans
from monitoring.table_checks import check_tables, check_unknown

_EXIT_CODES = """
exit codes: 0 every check of severity error passed; 15 one failed; 17 the warehouse does not answer;
11 a contract or config/pipeline.yaml is wrong. docs/runbook.md has an entry for every check and code.
"""


def check_warehouse(cursor: Cursor, settings: Settings) -> list[CheckResult]:
    """Every check that needs no staging: contracts, references, marts, files against tables, freshness."""
    cursor.execute("SET LOCAL search_path = core, marts, quarantine")
    prefer_scans(cursor)
    contracts = read_contracts(settings.folder("contracts"))
    measured = measure_tables(cursor, contracts)
    return [
        *check_contracts(cursor, contracts, measured),
        *check_reconciliation(cursor, visible_batches(cursor), measured),
        *check_tables(cursor, settings),
        check_unknown(measured, settings),
        check_freshness(cursor, max_age_hours=settings.config.quality.max_age_hours),
    ]


def main() -> None:
    """Check, record in audit.quality_results, print, and exit by the worst result."""
    parser = argparse.ArgumentParser(
        prog="data_quality_monitor", description="Check the published warehouse now.", epilog=_EXIT_CODES
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    arguments = parser.parse_args()
    settings = Settings()
    dsn = settings.warehouse_dsn.get_secret_value()
    try:
        with warehouse.connect(dsn, application_name="quality") as connection:
            # One transaction, so that the tables of two releases are never compared.
            with connection, connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                results = check_warehouse(cursor, settings)
            with connection, connection.cursor() as cursor:
                _record(cursor, results)
    except EtlError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    sys.stdout.write(_as_json(results) if arguments.json else _as_text(results))
    sys.exit(QualityStopped.exit_code if any(result.stops_publish for result in results) else 0)


def _record(cursor: Cursor, results: Sequence[CheckResult]) -> None:
    """Under a run of their own: what a run was published by stays as it was judged then."""
    moment = fetch_value(cursor, "SELECT 'monitor ' || NOW()::text")
    release = fetch_value(cursor, "SELECT COALESCE(MAX(token), 0) FROM audit.releases")
    record_results(cursor, moment, release, results)


def _as_json(results: Sequence[CheckResult]) -> str:
    return json.dumps([vars(result) for result in results], default=str) + "\n"


def _as_text(results: Sequence[CheckResult]) -> str:
    verdicts = ["pass" if result.is_passed else result.severity for result in results]
    lines = [f"{verdict:6}{result.name}: {result.message}\n" for verdict, result in zip(verdicts, results, strict=True)]
    return "".join(lines)
