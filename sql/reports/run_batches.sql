-- Purpose: the files that the visible release was computed from, as the contracts judged them that it was computed by.
-- Grain: one row a dataset. Only reads.
SELECT
    dataset,
    COUNT(*) AS batches,
    SUM(clean_records)::bigint AS clean_records,
    (ARRAY_AGG(source_file ORDER BY source_file))[1:5] AS some_files
FROM audit.visible_ledgers
GROUP BY dataset
ORDER BY dataset
