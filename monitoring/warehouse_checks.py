"""Check what is published, at any time."""

from collections.abc import Sequence
from datetime import UTC, datetime

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.contracts.reader import read_contracts
from batch_etl.quality import CheckResult
from batch_etl.settings import Settings
from batch_etl.stores.contract_tables import require_types
from batch_etl.stores.warehouse import fetch_value
from monitoring.contract_checks import check_contracts, check_references
from monitoring.ledgers import read_ledgers, visible_batches
from monitoring.measured_tables import measure_tables
from monitoring.reconciliation import check_freshness, check_reconciliation, check_release
from monitoring.results import record_results
from monitoring.scans import prefer_scans
from monitoring.staged_views import show_measured
from monitoring.table_checks import check_tables, check_unknown


def check_warehouse(connection: Connection, settings: Settings) -> list[CheckResult]:
    """Every check that needs no staging, recorded in audit.quality_results. Raises ConfigurationError and LoadFailed.

    They are contracts, references, marts, tables against files and the release, and freshness; in one transaction, so
    that tables of two releases are never compared.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        results = _check(cursor, settings)
    with connection, connection.cursor() as cursor:
        _record(cursor, results)
    return results


def _check(cursor: Cursor, settings: Settings) -> list[CheckResult]:
    cursor.execute("SET LOCAL search_path = core, marts, quarantine")
    prefer_scans(cursor)
    contracts = read_contracts(settings.folder("contracts"))
    require_types(cursor, contracts)
    measured = measure_tables(cursor, contracts)
    show_measured(cursor, measured)
    return [
        *check_contracts(cursor, contracts, measured),
        *check_references(cursor, contracts, measured),
        *check_reconciliation(cursor, read_ledgers(cursor, visible_batches(cursor)), measured, contracts),
        *check_release(cursor, measured),
        *check_tables(cursor, settings, contracts),
        check_unknown(measured, settings),
        check_freshness(cursor, datetime.now(UTC), max_age_hours=settings.config.quality.max_age_hours),
    ]


def _record(cursor: Cursor, results: Sequence[CheckResult]) -> None:
    """Under a run of their own: what a run was published by stays as it was judged then."""
    moment = fetch_value(cursor, "SELECT 'monitor ' || NOW()::text")
    release = fetch_value(cursor, "SELECT COALESCE(MAX(token), 0) FROM audit.releases")
    record_results(cursor, moment, release, results)
