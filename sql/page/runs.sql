-- Purpose: the runs whose newest stage began last, for the live page.
-- Grain: one row a run, the newest first. Parameters: before, how_many. Only reads.
-- Goes down the index of started_at from run to run: what is read follows what is shown, not how many runs there are.
WITH RECURSIVE shown AS (
    (
        SELECT
            newest.run_key,
            newest.started_at,
            ARRAY[newest.run_key] AS run_keys
        FROM audit.stage_runs AS newest
        WHERE
            newest.started_at < %(before)s
            -- Not EXISTS: that would be planned as one join with all that began later.
            AND %(before)s > (
                SELECT MAX(later.started_at)
                FROM audit.stage_runs AS later
                WHERE later.run_key = newest.run_key
            )
        ORDER BY newest.started_at DESC
        LIMIT 1
    )
    UNION ALL
    SELECT
        next_run.run_key,
        next_run.started_at,
        shown.run_keys || next_run.run_key AS run_keys
    FROM shown
    CROSS JOIN
        LATERAL (
            SELECT
                older.run_key,
                older.started_at
            FROM audit.stage_runs AS older
            WHERE
                older.started_at <= shown.started_at
                AND older.run_key != ALL(shown.run_keys)
                AND %(before)s > (
                    SELECT MAX(later.started_at)
                    FROM audit.stage_runs AS later
                    WHERE later.run_key = older.run_key
                )
            ORDER BY older.started_at DESC
            LIMIT 1
        ) AS next_run
    WHERE CARDINALITY(shown.run_keys) < %(how_many)s
)

SELECT
    shown.run_key,
    shown.started_at,
    told.began_at,
    told.last_stage,
    told.last_state,
    told.seconds,
    told.report,
    ended.release,
    ended.outcome,
    ended.source_records,
    ended.clean_records,
    ended.quarantined_records,
    ended.failed_checks,
    ended.refused_files,
    ended.triggered_by
FROM shown
CROSS JOIN
    LATERAL (
        SELECT
            MIN(stage_run.started_at) AS began_at,
            (ARRAY_AGG(stage_run.stage ORDER BY stage_run.started_at DESC))[1] AS last_stage,
            (ARRAY_AGG(stage_run.state ORDER BY stage_run.started_at DESC))[1] AS last_state,
            EXTRACT(EPOCH FROM MAX(stage_run.finished_at) - MIN(stage_run.started_at))::float AS seconds,
            MAX(stage_run.details ->> 'report') AS report
        FROM audit.stage_runs AS stage_run
        WHERE stage_run.run_key = shown.run_key
    ) AS told
LEFT JOIN marts.daily_summary AS ended ON shown.run_key = ended.run_key
ORDER BY shown.started_at DESC
