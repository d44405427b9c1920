-- Purpose: why attempts at stages of a run failed, for the live page.
-- Grain: one row a failed attempt, in order. Parameter: run_key. Only reads.
SELECT
    stage,
    attempt,
    finished_at,
    details ->> 'error' AS error
FROM audit.stage_runs
WHERE run_key = %(run_key)s AND state = 'failed'
ORDER BY started_at
LIMIT 50
