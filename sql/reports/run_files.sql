-- Purpose: the source files that a run found or judged again, and what the contract made of their records.
-- Grain: one row a file and content. Parameter: run_key. Only reads.
WITH ledger AS (
    SELECT
        dataset,
        batch_id,
        is_found,
        source_file,
        source_records,
        clean_records,
        quarantined_records,
        duplicate_records
    FROM audit.run_ledgers
    WHERE run_key = %(run_key)s
),

looked_at AS (
    SELECT
        delivered.file_name,
        delivered.dataset,
        delivered.state,
        delivered.records,
        ledger.clean_records,
        ledger.quarantined_records,
        ledger.duplicate_records,
        delivered.reason,
        delivered.recorded_at
    FROM audit.source_files AS delivered
    LEFT JOIN ledger ON delivered.dataset = ledger.dataset AND delivered.batch_id = ledger.batch_id
    WHERE delivered.run_key = %(run_key)s
    UNION ALL
    SELECT
        source_file AS file_name,
        dataset,
        'judged again' AS state,
        source_records AS records,
        clean_records,
        quarantined_records,
        duplicate_records,
        NULL AS reason,
        NULL AS recorded_at
    FROM ledger
    WHERE NOT is_found
)

SELECT
    file_name,
    dataset,
    state,
    records,
    clean_records,
    quarantined_records,
    duplicate_records,
    reason
FROM looked_at
ORDER BY file_name, recorded_at
