"""What is wrong now, by the audit: one finding a cause, and none for what was made good since."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from fnmatch import fnmatch

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import errors
from batch_etl.runbook import heading_of
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.failed_stages import failed_stages, unfinished_stages
from monitoring.findings import Row, Watch, by_cause, extent
from monitoring.incidents import Finding, fingerprint
from monitoring.reconciliation import last_good_run

_DEAD_AFTER_FAILURES = 3
_BY_MONITOR = " of what is published"


def find_wrong(cursor: Cursor, watch: Watch) -> list[Finding]:
    """Everything that is wrong now, one finding a cause."""
    finders: tuple[Callable[[Cursor, Watch], Iterator[Finding]], ...] = (
        failed_stages,
        unfinished_stages,
        _failed_checks,
        _refused_files,
        _missed_runs,
        _dead_channels,
    )
    return [finding for find in finders for finding in find(cursor, watch)]


def _failed_checks(cursor: Cursor, watch: Watch) -> Iterator[Finding]:
    """Checks that have not passed since they failed, and that are still made.

    Runs and the monitor each for itself: one looks at what is staged, the other at what is published.
    """
    rows = fetch_rows(
        cursor,
        """
        WITH results AS NOT MATERIALIZED (
            SELECT *, run_key LIKE 'monitor %' AS is_monitor
            FROM audit.quality_results
        ),

        checks AS (
            SELECT
                check_name, is_monitor, MAX(checked_at) FILTER (WHERE is_passed) AS passed_at,
                -- Results that are recorded together have the same moment.
                MAX(checked_at) = MAX(MAX(checked_at)) OVER (PARTITION BY is_monitor) AS is_still_made
            FROM results
            GROUP BY check_name, is_monitor
        )

        SELECT check_name, is_monitor, run_key, severity, message, checked_at
        FROM results
        INNER JOIN checks USING (check_name, is_monitor)
        WHERE NOT is_passed AND is_still_made AND (passed_at IS NULL OR checked_at > passed_at)
        ORDER BY checked_at
        """,
    )
    for cause, same in by_cause(rows, lambda row: f"{row['check_name']}{_BY_MONITOR if row['is_monitor'] else ''}"):
        check, stops = same[-1]["check_name"], same[-1]["severity"] == "error" and not same[-1]["is_monitor"]
        yield Finding(
            kind="check_failed",
            cause=cause,
            severity=same[-1]["severity"],
            subject=f"Check {cause} failed{': nothing is published' if stops else ''}",
            # Of a check of one's own there is none.
            runbook=heading_of(check, watch.headings) or "Checks",
            places=(check,),
            messages=(same[-1]["message"],),
            **extent(same, "checked_at"),
        )


def _refused_files(cursor: Cursor, _: Watch) -> Iterator[Finding]:
    """Files that the newest run which looked at them refused. One that a later run would have seen is gone."""
    looks = fetch_rows(
        cursor,
        """
        SELECT DISTINCT ON (details->>'looked_at') details->>'looked_at' AS pattern, run_key, started_at
        FROM audit.stage_runs
        WHERE stage = 'data_ingestion' AND details ? 'looked_at'
        ORDER BY details->>'looked_at' ASC, started_at DESC
        """,
    )
    newest = fetch_rows(
        cursor,
        """
        SELECT *
        FROM (
            SELECT DISTINCT ON (file_name) run_key, file_name, state, reason, recorded_at
            FROM audit.source_files
            WHERE file_name IN (SELECT file_name FROM audit.source_files WHERE state = 'refused')
            ORDER BY file_name ASC, recorded_at DESC, state = 'refused' DESC
        ) AS newest
        WHERE state = 'refused'
        """,
    )
    rows = [row for row in newest if not any(_found_it_gone(look, row) for look in looks)]
    for cause, same in by_cause(rows, lambda row: fingerprint(row["reason"].replace(row["file_name"], "<file>"))):
        files = tuple(row["file_name"] for row in same)
        yield Finding(
            kind="file_refused",
            cause=cause,
            severity="warn",
            subject=f"{len(files)} source {'file is' if len(files) == 1 else 'files are'} refused: {files[0]}",
            runbook=f"{errors.SourceFileRefused.exit_code} {errors.SourceFileRefused.__name__}",
            places=files,
            messages=(same[0]["reason"],),
            **extent(same, "recorded_at"),
        )


def _found_it_gone(look: Row, refused: Row) -> bool:
    # A retry leaves what the run found first.
    is_later = look["run_key"] != refused["run_key"] and look["started_at"] > refused["recorded_at"]
    return bool(is_later and fnmatch(refused["file_name"], look["pattern"]))


def _missed_runs(cursor: Cursor, watch: Watch) -> Iterator[Finding]:
    """Where runs come by themselves: none came to its end for too long."""
    hours = watch.max_age_hours
    last = last_good_run(cursor) or fetch_value(cursor, "SELECT MIN(known_since) FROM audit.channels")
    if hours is not None and last is not None and last < watch.now - timedelta(hours=hours):
        yield Finding(
            kind="not_fresh",
            cause="warehouse",
            severity="error",
            subject=f"No run has come to a publish for more than {hours:g} hours",
            runbook="not_fresh (incident)",
            first_seen_at=last,
            last_seen_at=watch.now,
        )


def _dead_channels(cursor: Cursor, watch: Watch) -> Iterator[Finding]:
    rows = fetch_rows(
        cursor,
        "SELECT channel, failures, failing_since, last_error FROM audit.channels WHERE failures >= %s ORDER BY channel",
        (_DEAD_AFTER_FAILURES,),
    )
    for row in rows:
        yield Finding(
            kind="channel_dead",
            cause=row["channel"],
            severity="error",
            subject=f"Messages do not reach {row['channel']}",
            runbook="channel_dead (incident)",
            first_seen_at=row["failing_since"],
            last_seen_at=watch.now,
            occurrences=row["failures"],
            places=(row["channel"],),
            messages=(row["last_error"] or "",),
        )
