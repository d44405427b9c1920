-- Purpose: why records of the files of a run are in quarantine.
-- Grain: one row a dataset and reason, values left out. Parameter: run_key. Only reads.
SELECT
    record.dataset,
    SUBSTRING(reason FROM '^[^:]*: [^:]*') AS reason,
    COUNT(*) AS records
FROM quarantine.records AS record
INNER JOIN audit.source_files AS file USING (dataset, batch_id)
CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS_TEXT(record.reasons) AS reason
WHERE file.run_key = %(run_key)s
GROUP BY 1, 2
ORDER BY records DESC, 1, 2
