-- Purpose: the files that a run found or judged again, and that have records in quarantine; the contract that judged last.
-- Grain: one row a batch. Parameter: run_key. Only reads.
SELECT
    dataset,
    batch_id,
    contract_id,
    source_file
FROM audit.run_ledgers
WHERE run_key = %(run_key)s AND quarantined_records > 0
ORDER BY dataset, batch_id
