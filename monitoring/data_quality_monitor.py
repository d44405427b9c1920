"""Stage 5: measure staging before anybody sees it, judge, record, and stop the publish where it must not happen.

The checks of sql/checks name tables without schema: here they find staging, on a published warehouse they find core and
marts. docs/runbook.md has an entry for every check.
"""

import logging
import sys
from collections.abc import Sequence
from dataclasses import asdict

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import claim, quality
from batch_etl.errors import QualityStopped
from batch_etl.quality import CheckResult
from batch_etl.run import Run, StageResult
from batch_etl.settings import QualityLimits
from batch_etl.stores.audit import Ledger
from batch_etl.stores.staging import require_staging
from monitoring.contract_checks import check_contracts, check_references
from monitoring.ledgers import only_brought, only_judged_anew, read_ledgers, staged_batches
from monitoring.measured_tables import Audited, measure_staged, remember
from monitoring.reconciliation import check_reconciliation, count_rows
from monitoring.results import record_results
from monitoring.scans import prefer_scans
from monitoring.staged_views import only_touched, show_as_after_publish, show_measured
from monitoring.table_checks import check_keys, check_tables, check_unknown, text_of_touched
from monitoring.usual_figures import check_figures

log = logging.getLogger(__name__)


def check_staging(run: Run) -> StageResult:
    """Audit the run's newest attempt. Raises QualityStopped, naming each failed check, where it must not be seen."""
    with run.warehouse() as connection:
        with connection, connection.cursor() as cursor:
            token, state, load = claim.newest_attempt(cursor, run.run_key)
        if state in ("unchanged", "published") or load is None:
            return StageResult(0, 0, {"token": token}, is_nothing_new=True)
        manifest = load.mart
        with connection, connection.cursor() as cursor:
            require_staging(cursor, token, load)
            show_as_after_publish(cursor, token, load)
            prefer_scans(cursor)
            touched_checks = text_of_touched(run.settings)
            audited = measure_staged(cursor, run.contracts, token, load, touched_checks=touched_checks)
            measured = audited.measured
            ledgers = read_ledgers(cursor, staged_batches(manifest))
            show_measured(cursor, measured)
            touched = only_touched(cursor, token, load, audited.unknown_months)
            results = [
                quality.judge_row_counts(manifest.rows, count_rows(cursor, manifest.rows, measured)),
                *check_keys(cursor, load, run.contracts),
                quality.judge_ledgers(manifest.batches, [(ledger.dataset, ledger.batch_id) for ledger in ledgers]),
                _check_quarantined(cursor, ledgers, run.settings.config.quality),
                *check_contracts(cursor, run.contracts, measured),
                *check_references(cursor, run.contracts, measured),
                *check_reconciliation(cursor, ledgers, measured, run.contracts),
                *check_tables(cursor, run.settings, run.contracts, touched),
                check_unknown(measured, run.settings),
                *check_figures(cursor, run, token, only_brought(cursor, ledgers)),
            ]
        _record(connection, run.run_key, token, results, audited)
    _stop_on_error(run.run_key, results)
    failed = [result.name for result in results if not result.is_passed]
    rows = sum(manifest.rows.values())
    return StageResult(rows, rows, {"token": token, "checks": len(results), "failed": failed})


def _check_quarantined(cursor: Cursor, ledgers: Sequence[Ledger], limits: QualityLimits) -> CheckResult:
    # What was told of a file when it came would hide what is to be told of another one.
    judged = list(map(asdict, only_judged_anew(cursor, ledgers)))
    return quality.judge_quarantined_share(judged, limit=limits.max_quarantined_share)


def _record(connection: Connection, run_key: str, token: int, results: Sequence[CheckResult], audited: Audited) -> None:
    """Results and the attempt's state, in one transaction. Alerts are made from the results."""
    with connection, connection.cursor() as cursor:
        record_results(cursor, run_key, token, results)
        is_stopped = any(result.stops_publish for result in results)
        if not is_stopped:
            remember(cursor, audited.news)
        claim.advance(cursor, run_key, token, state="stopped" if is_stopped else "audited")


def _stop_on_error(run_key: str, results: Sequence[CheckResult]) -> None:
    for result in results:
        if not result.is_passed:
            level = logging.ERROR if result.stops_publish else logging.WARNING
            dataset = result.name.removeprefix("contract_of_").removeprefix("references_of_")
            told = {"check": result.name} if dataset == result.name else {"check": result.name, "dataset": dataset}
            log.log(level, "check %s: %s", result.name, result.message, extra=told)
    stopping = [f"{result.name} ({result.message})" for result in results if result.stops_publish]
    if stopping:
        raise QualityStopped(
            f"run {run_key}: nothing was published; {', '.join(stopping)}. "
            "./etl summary and the report name offending rows, docs/runbook.md has an entry for each check"
        )


if __name__ == "__main__":
    from batch_etl.cli import main

    main(["check", *sys.argv[1:]])
