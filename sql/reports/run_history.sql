-- Purpose: the runs before this one, to compare with.
-- Grain: one row a run, in order. Parameter: run_key. Only reads.
WITH earlier AS (
    SELECT
        run_key,
        summarised_at,
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
        AND summarised_at < COALESCE(
            (
                SELECT known.summarised_at
                FROM marts.daily_summary AS known
                WHERE known.run_key = %(run_key)s
            ), NOW()
        )
    ORDER BY summarised_at DESC
    LIMIT 29
)

SELECT
    run_key,
    summarised_at,
    release,
    outcome,
    source_records,
    clean_records,
    quarantined_records,
    duplicate_records,
    sales,
    net_usd
FROM earlier
ORDER BY summarised_at
