"""Stages that failed or did not end, and that nothing later made good.

Of a stage that failed nothing is told but its last attempt in the run: what a retry mended is no failure. It counts
until that stage succeeds in some run. While a retry is at it or to come, attempts before keep open what was told of
them: nothing is over yet.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import errors
from batch_etl.stores.warehouse import fetch_rows
from monitoring.findings import Row, Watch, by_cause, extent
from monitoring.incidents import Finding, Kind, fingerprint

# Three tries with at most ten minutes between them: after an hour Airflow has given up, whether or not it could say so.
_RETRIES_END_AFTER = timedelta(hours=1)
# What they leave undone is told again by the next run; the data are published.
_AFTER_PUBLISH = ("daily_summary", "notifications")
_FAILURES = """
    WITH successes AS (
        SELECT stage, MAX(finished_at) AS last_at
        FROM audit.stage_runs
        WHERE state IN ('done', 'nothing new')
        GROUP BY stage
    ),

    ended AS (
        SELECT
            run_key, stage, attempt, state, finished_at, details ->> 'error' AS error,
            attempt = MAX(attempt) OVER (PARTITION BY run_key, stage) AS is_last
        FROM audit.stage_runs
        LEFT JOIN successes USING (stage)
        WHERE state <> 'running' AND (last_at IS NULL OR finished_at > last_at)
    )

    SELECT
        run_key, stage, finished_at, error, is_last,
        EXISTS (
            SELECT FROM audit.stage_runs AS last
            WHERE
                last.run_key = ended.run_key
                AND last.stage = 'notifications' AND last.started_at >= ended.finished_at
        ) AS is_over,
        EXISTS (
            SELECT FROM audit.stage_runs AS again
            WHERE again.run_key = ended.run_key AND again.stage = ended.stage AND again.attempt > ended.attempt
        ) AS is_tried_again
    FROM ended
    WHERE state = 'failed'
    ORDER BY finished_at
"""
_UNFINISHED = """
    SELECT
        run_key, stage, started_at,
        EXISTS (
            SELECT FROM audit.stage_runs AS last
            WHERE
                last.run_key = unfinished.run_key
                AND last.stage = 'notifications' AND last.started_at > unfinished.started_at
        ) AS is_over,
        EXISTS (
            SELECT FROM audit.stage_runs AS again
            WHERE
                again.run_key = unfinished.run_key
                AND again.stage = unfinished.stage AND again.attempt > unfinished.attempt
        ) AS is_tried_again
    FROM audit.stage_runs AS unfinished
    WHERE
        state = 'running'
        AND NOT EXISTS (
            SELECT FROM audit.stage_runs AS later
            WHERE
                later.stage = unfinished.stage
                AND later.state IN ('done', 'nothing new') AND later.started_at > unfinished.started_at
        )
    ORDER BY started_at
"""


def failed_stages(cursor: Cursor, watch: Watch) -> Iterator[Finding]:
    failures = fetch_rows(cursor, _FAILURES)
    over = {_place(row) for row in failures if _is_settled(row, watch.now)}
    standing = [row for row in failures if row["is_last"] or _place(row) not in over]
    # A stop by the checks is told by the incidents of those checks.
    told = [row for row in standing if _error_class(row) != errors.QualityStopped.__name__]
    for cause, same in by_cause(told, lambda row: fingerprint(row["error"] or "")):
        # Tries of one stage in a run are one failure, the last of them.
        rows = list({_place(row): row for row in same}.values())
        newest = rows[-1]
        kind = _kind(newest)
        stages = sorted({row["stage"] for row in rows})
        settled = [row for row in rows if _is_settled(row, watch.now)]
        # What a retry may still mend makes nothing graver.
        is_minor = kind is errors.Superseded or all(row["stage"] in _AFTER_PUBLISH for row in settled or rows)
        yield Finding(
            kind="stage_failed",
            cause=cause,
            severity="warn" if is_minor else "error",
            subject=f"{', '.join(stages)} failed: {_error_class(newest)}",
            runbook=f"{kind.exit_code} {kind.__name__}" if kind else "stage_failed (incident)",
            places=tuple(sorted(map(_place, rows))),
            messages=(newest["error"] or "",),
            is_settled=bool(settled),
            **extent(rows, "finished_at"),
        )


def _place(row: Row) -> str:
    return f"{row['stage']} of {row['run_key']}"


def _is_settled(row: Row, now: datetime) -> bool:
    if not row["is_last"]:
        return False
    kind = _kind(row)
    if kind and not kind.is_transient:
        return True
    return not row["is_tried_again"] and (row["is_over"] or row["finished_at"] < now - _RETRIES_END_AFTER)


def _kind(row: Row) -> type[errors.EtlError] | None:
    return errors.kind_of(str(row["error"] or ""))


def _error_class(row: Row) -> str:
    return str(row["error"] or "").partition(":")[0]


def unfinished_stages(cursor: Cursor, watch: Watch) -> Iterator[Finding]:
    """Stages that run for too long: late while they may still be at it, crashed when they cannot be.

    What was told of one stays open until the stage ends, also when it counts as crashed or is tried again meanwhile.
    """
    rows = fetch_rows(cursor, _UNFINISHED)
    dead_before = watch.now - timedelta(minutes=watch.rules.crashed_after_minutes)
    late_before = watch.now - timedelta(minutes=watch.rules.stage_deadline_minutes)
    retried = [row for row in rows if row["is_tried_again"]]
    alone = [row for row in rows if not row["is_tried_again"]]
    crashed = [row for row in alone if row["is_over"] or row["started_at"] < dead_before]
    late = [row for row in alone if row not in crashed and row["started_at"] < late_before]
    kinds: tuple[tuple[Kind, str, list[Row], list[Row], str], ...] = (
        ("worker_crashed", "error", crashed, retried, "did not end"),
        ("stage_late", "warn", late, [*crashed, *retried], "takes too long"),
    )
    for kind, severity, found, standing, what in kinds:
        for stage, same in by_cause([*found, *standing], lambda row: str(row["stage"])):
            shown = [row for row in same if row in found] or same
            yield Finding(
                kind=kind,
                cause=stage,
                severity=severity,
                subject=f"{stage} {what}",
                runbook=f"{kind} (incident)",
                places=tuple(map(_place, shown)),
                is_settled=any(row in found for row in same),
                **extent(shown, "started_at"),
            )
