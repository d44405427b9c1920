-- Purpose: the runs that were summarised.
-- Grain: one row a run, the newest first. Only reads.
SELECT
    run_key,
    started_at,
    release,
    outcome,
    source_records,
    clean_records,
    quarantined_records,
    duplicate_records,
    refused_files,
    failed_checks,
    sales,
    net_usd
FROM marts.daily_summary
ORDER BY started_at DESC
LIMIT 500
