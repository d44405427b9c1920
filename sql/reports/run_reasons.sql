-- Purpose: why records of the files of a run are in quarantine.
-- Grain: one row a dataset and reason, values left out. Parameter: run_key. Only reads.
WITH delivered AS (
    -- A copy of a file under another name is the same batch.
    SELECT DISTINCT
        dataset,
        batch_id
    FROM audit.source_files
    WHERE run_key = %(run_key)s
)

SELECT
    rejected.dataset,
    SPLIT_PART(told.reason, ': ', 1) || ': ' || SPLIT_PART(told.reason, ': ', 2) AS reason,
    COUNT(*) AS records
FROM quarantine.records AS rejected
INNER JOIN delivered ON rejected.dataset = delivered.dataset AND rejected.batch_id = delivered.batch_id
CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS_TEXT(rejected.reasons) AS told (reason)
GROUP BY rejected.dataset, SPLIT_PART(told.reason, ': ', 1), SPLIT_PART(told.reason, ': ', 2)
ORDER BY records DESC, rejected.dataset ASC, reason ASC
