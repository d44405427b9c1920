-- Purpose: the files that the visible release was computed from, as the contracts judged them that it was computed by.
-- Grain: one row a dataset. Only reads.
WITH ledger AS (
    SELECT DISTINCT ON (held.dataset, held.batch_id)
        held.dataset,
        judged.source_file,
        judged.clean_records
    FROM audit.release_batches AS held
    INNER JOIN audit.batch_ledger AS judged
        ON
            held.dataset = judged.dataset
            AND held.batch_id = judged.batch_id
            AND (held.contract_id IS NULL OR held.contract_id = judged.contract_id)
    WHERE held.release = (SELECT MAX(newest.release) FROM audit.releases AS newest)
    ORDER BY held.dataset ASC, held.batch_id ASC, judged.judged_at DESC
)

SELECT
    dataset,
    COUNT(*) AS batches,
    SUM(clean_records)::bigint AS clean_records,
    (ARRAY_AGG(source_file ORDER BY source_file))[1:5] AS some_files
FROM ledger
GROUP BY dataset
ORDER BY dataset
