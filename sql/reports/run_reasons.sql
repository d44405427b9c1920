-- Purpose: why records of the files of a run are in quarantine.
-- Grain: one row a dataset and reason, values left out. Parameter: run_key. Only reads.
SELECT
    record.dataset,
    SPLIT_PART(told.reason, ': ', 1) || ': ' || SPLIT_PART(told.reason, ': ', 2) AS reason,
    COUNT(*) AS records
FROM quarantine.records AS record
INNER JOIN audit.source_files AS file
    ON record.dataset = file.dataset AND record.batch_id = file.batch_id AND file.run_key = %(run_key)s
CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS_TEXT(record.reasons) AS told (reason)
GROUP BY 1, 2
ORDER BY records DESC, 1 ASC, 2 ASC
