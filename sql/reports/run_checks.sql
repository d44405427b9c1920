-- Purpose: the quality checks of a run's newest try; none where it has not come as far as loading.
-- Grain: one row a check. Parameter: run_key. Only reads.
SELECT
    result.check_name,
    result.severity,
    result.is_passed,
    result.message,
    result.offenders
FROM audit.quality_results AS result
INNER JOIN audit.runs AS attempt ON result.run_key = attempt.run_key AND result.token = attempt.token
WHERE
    result.run_key = %(run_key)s
    AND NOT EXISTS (
        SELECT 1
        FROM audit.stage_runs AS newer_try
        WHERE
            newer_try.run_key = attempt.run_key
            AND newer_try.stage IN ('data_ingestion', 'data_cleaning', 'data_transformation', 'data_loading')
            AND newer_try.state IN ('running', 'failed')
            AND newer_try.started_at > attempt.claimed_at
    )
ORDER BY result.is_passed, result.severity, result.check_name
