-- Purpose: what became of the records of a run, and the warehouse it left behind.
-- Grain: one row. Parameter: run_key. Only reads.
WITH files AS (
    SELECT
        COUNT(*) AS source_files,
        COUNT(*) FILTER (WHERE state = 'refused') AS refused_files
    FROM audit.source_files
    WHERE run_key = %(run_key)s
),

judged AS (
    SELECT DISTINCT ON (ledger.dataset, ledger.batch_id)
        ledger.source_records, ledger.clean_records, ledger.quarantined_records, ledger.duplicate_records
    FROM audit.batch_ledger AS ledger
    INNER JOIN audit.source_files AS file
        ON ledger.dataset = file.dataset AND ledger.batch_id = file.batch_id AND file.run_key = %(run_key)s
    ORDER BY ledger.dataset, ledger.batch_id, ledger.judged_at DESC
),

records AS (
    SELECT
        COALESCE(SUM(source_records), 0)::bigint AS source_records,
        COALESCE(SUM(clean_records), 0)::bigint AS clean_records,
        COALESCE(SUM(quarantined_records), 0)::bigint AS quarantined_records,
        COALESCE(SUM(duplicate_records), 0)::bigint AS duplicate_records
    FROM judged
),

checks AS (
    SELECT COUNT(*) AS failed_checks
    FROM audit.quality_results
    INNER JOIN audit.runs USING (run_key, token)
    WHERE run_key = %(run_key)s AND NOT is_passed
),

sales AS (
    SELECT COUNT(*) AS sales, COALESCE(SUM(net_usd), 0) AS net_usd FROM core.fct_sale
)

SELECT
    COALESCE((SELECT state FROM audit.runs WHERE run_key = %(run_key)s), 'stopped') AS outcome,
    (SELECT MAX(release) FROM audit.releases) AS release,
    files.*, records.*, checks.*, sales.*
FROM files, records, checks, sales
