-- Purpose: the files that the visible release was computed from.
-- Grain: one row a dataset. Only reads.
WITH ledger AS (
    SELECT DISTINCT ON (dataset, batch_id)
        dataset,
        batch_id,
        source_file,
        clean_records
    FROM audit.batch_ledger
    ORDER BY dataset ASC, batch_id ASC, judged_at DESC
)

SELECT
    held.dataset,
    COUNT(*) AS batches,
    SUM(ledger.clean_records)::bigint AS clean_records,
    (ARRAY_AGG(ledger.source_file ORDER BY ledger.source_file))[1:5] AS some_files
FROM audit.release_batches AS held
INNER JOIN ledger ON held.dataset = ledger.dataset AND held.batch_id = ledger.batch_id
WHERE held.release = (SELECT MAX(newest.release) FROM audit.releases AS newest)
GROUP BY held.dataset
ORDER BY held.dataset
