-- Purpose: how the last attempt at each stage ended.
-- Grain: one row a stage. Parameter: run_key. Only reads.
SELECT DISTINCT ON (stage)
    stage, attempt, state, records_in, records_out, EXTRACT(EPOCH FROM finished_at - started_at)::float AS seconds
FROM audit.stage_runs
WHERE run_key = %(run_key)s
ORDER BY stage, attempt DESC
