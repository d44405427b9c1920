-- Purpose: how the checks came out in the last runs that were summarised, for the live page.
-- Grain: one row a check, those that failed last first. Parameter: how_many. Only reads.
WITH last_runs AS (
    SELECT run_key
    FROM marts.daily_summary
    ORDER BY started_at DESC
    LIMIT %(how_many)s
),

-- Of a run that was tried again the last attempt counts.
results AS (
    SELECT DISTINCT ON (judged.run_key, judged.check_name)
        judged.check_name,
        judged.severity,
        judged.is_passed,
        judged.message,
        judged.offenders,
        judged.checked_at
    FROM last_runs
    INNER JOIN audit.quality_results AS judged ON last_runs.run_key = judged.run_key
    ORDER BY judged.run_key ASC, judged.check_name ASC, judged.token DESC
)

SELECT
    check_name,
    (ARRAY_AGG(severity ORDER BY checked_at DESC))[1] AS severity,
    COUNT(*) AS runs,
    COUNT(*) FILTER (WHERE NOT is_passed) AS failed,
    MAX(checked_at) FILTER (WHERE NOT is_passed) AS last_failed_at,
    (ARRAY_AGG(is_passed ORDER BY checked_at DESC))[1] AS is_passed,
    (ARRAY_AGG(message ORDER BY checked_at DESC))[1] AS message,
    (ARRAY_AGG(offenders ORDER BY checked_at DESC))[1] AS offenders
FROM results
GROUP BY check_name
ORDER BY last_failed_at DESC NULLS LAST, check_name ASC
