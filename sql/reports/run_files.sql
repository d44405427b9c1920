-- Purpose: the source files that a run found, and what the contract made of their records.
-- Grain: one row a file and content. Parameter: run_key. Only reads.
-- A contract that changed judges a batch again: the latest ledger counts.
WITH ledger AS (
    SELECT DISTINCT ON (dataset, batch_id)
        dataset,
        batch_id,
        clean_records,
        quarantined_records,
        duplicate_records
    FROM audit.batch_ledger
    ORDER BY dataset ASC, batch_id ASC, judged_at DESC
)

SELECT
    delivered.file_name,
    delivered.dataset,
    delivered.state,
    delivered.records,
    ledger.clean_records,
    ledger.quarantined_records,
    ledger.duplicate_records,
    delivered.reason
FROM audit.source_files AS delivered
LEFT JOIN ledger ON delivered.dataset = ledger.dataset AND delivered.batch_id = ledger.batch_id
WHERE delivered.run_key = %(run_key)s
ORDER BY delivered.file_name, delivered.recorded_at
