-- Purpose: how the last attempt at each stage ended.
-- Grain: one row a stage, in the order in which they started. Parameter: run_key. Only reads.
WITH newest AS (
    SELECT DISTINCT ON (stage)
        stage,
        attempt,
        state,
        records_in,
        records_out,
        bytes_in,
        bytes_out,
        peak_memory_bytes,
        started_at,
        finished_at,
        details ->> 'error' AS error
    FROM audit.stage_runs
    WHERE run_key = %(run_key)s
    ORDER BY stage ASC, attempt DESC
)

SELECT
    stage,
    attempt,
    state,
    records_in,
    records_out,
    bytes_in,
    bytes_out,
    peak_memory_bytes,
    error,
    EXTRACT(EPOCH FROM finished_at - started_at)::float AS seconds,
    (records_in / NULLIF(EXTRACT(EPOCH FROM finished_at - started_at), 0))::bigint AS records_per_second
FROM newest
ORDER BY started_at
