-- Purpose: the quality checks of the newest attempt at a run.
-- Grain: one row a check. Parameter: run_key. Only reads.
SELECT
    result.check_name,
    result.severity,
    result.is_passed,
    result.message,
    result.offenders
FROM audit.quality_results AS result
INNER JOIN audit.runs AS attempt ON result.run_key = attempt.run_key AND result.token = attempt.token
WHERE result.run_key = %(run_key)s
ORDER BY result.is_passed, result.severity, result.check_name
