-- Purpose: the records of the last runs that were summarised, for the plot of the live page.
-- Grain: one row a run, in order. Parameter: how_many. Only reads.
WITH last_runs AS (
    SELECT
        run_key,
        started_at,
        outcome,
        clean_records,
        quarantined_records,
        duplicate_records
    FROM marts.daily_summary
    ORDER BY started_at DESC
    LIMIT %(how_many)s
)

SELECT
    run_key,
    started_at,
    outcome,
    clean_records,
    quarantined_records,
    duplicate_records
FROM last_runs
ORDER BY started_at
