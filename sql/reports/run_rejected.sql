-- Purpose: the files of a run that have records in quarantine, and the contract that judged them last.
-- Grain: one row a batch. Parameter: run_key. Only reads.
WITH latest AS (
    SELECT DISTINCT ON (dataset, batch_id)
        dataset,
        batch_id,
        contract_id,
        source_file,
        quarantined_records
    FROM audit.batch_ledger
    ORDER BY dataset ASC, batch_id ASC, judged_at DESC
)

SELECT
    latest.dataset,
    latest.batch_id,
    latest.contract_id,
    latest.source_file
FROM latest
WHERE
    latest.quarantined_records > 0
    AND EXISTS (
        SELECT 1
        FROM audit.source_files AS delivered
        WHERE
            delivered.run_key = %(run_key)s
            AND delivered.dataset = latest.dataset
            AND delivered.batch_id = latest.batch_id
    )
ORDER BY latest.dataset, latest.batch_id
