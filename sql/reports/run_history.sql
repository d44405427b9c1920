-- Purpose: the runs that began before this one, to compare with.
-- Grain: one row a run, in order. Parameter: run_key. Only reads.
WITH earlier AS (
    SELECT
        run_key,
        started_at,
        release,
        outcome,
        source_records,
        clean_records,
        quarantined_records,
        duplicate_records,
        sales,
        net_usd
    FROM marts.daily_summary
    WHERE
        run_key != %(run_key)s
        AND started_at < COALESCE(
            (
                SELECT MIN(began.started_at)
                FROM audit.stage_runs AS began
                WHERE began.run_key = %(run_key)s
            ), NOW()
        )
    ORDER BY started_at DESC
    LIMIT 29
)

SELECT
    run_key,
    started_at,
    release,
    outcome,
    source_records,
    clean_records,
    quarantined_records,
    duplicate_records,
    sales,
    net_usd
FROM earlier
ORDER BY started_at
