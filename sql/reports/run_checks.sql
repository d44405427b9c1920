-- Purpose: the quality checks of the newest attempt at a run.
-- Grain: one row a check. Parameter: run_key. Only reads.
SELECT check_name, severity, is_passed, message
FROM audit.quality_results
INNER JOIN audit.runs USING (run_key, token)
WHERE run_key = %(run_key)s
ORDER BY is_passed, severity, check_name
