-- Purpose: the way of each dataset's records: from the run's files to the ledger, and from the release's to its table.
-- Grain: one row a dataset that the run found a file of. Parameter: run_key. Only reads.
WITH found AS (
    SELECT
        dataset,
        COUNT(*) AS files,
        COUNT(*) FILTER (WHERE state = 'refused') AS refused_files,
        COALESCE(SUM(size_bytes), 0)::bigint AS size_bytes
    FROM audit.source_files
    -- A file that is ignored has none.
    WHERE run_key = %(run_key)s AND dataset IS NOT NULL
    GROUP BY dataset
),

-- A contract that changed judges a batch again: the latest ledger counts.
ledger AS (
    SELECT DISTINCT ON (dataset, batch_id)
        dataset,
        batch_id,
        source_records,
        clean_records,
        quarantined_records,
        duplicate_records
    FROM audit.batch_ledger
    ORDER BY dataset ASC, batch_id ASC, judged_at DESC
),

judged AS (
    SELECT
        ledger.dataset,
        SUM(ledger.source_records)::bigint AS source_records,
        SUM(ledger.clean_records)::bigint AS clean_records,
        SUM(ledger.quarantined_records)::bigint AS quarantined_records,
        SUM(ledger.duplicate_records)::bigint AS duplicate_records
    FROM ledger
    WHERE
        EXISTS (
            SELECT 1
            FROM audit.source_files AS delivered
            WHERE
                delivered.run_key = %(run_key)s
                AND delivered.dataset = ledger.dataset
                AND delivered.batch_id = ledger.batch_id
        )
    GROUP BY ledger.dataset
),

-- A copy under another name is the same batch.
waiting AS (
    SELECT
        delivered.dataset,
        MAX(delivered.records) AS records
    FROM audit.source_files AS delivered
    WHERE
        delivered.run_key = %(run_key)s
        AND delivered.batch_id IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM ledger
            WHERE ledger.dataset = delivered.dataset AND ledger.batch_id = delivered.batch_id
        )
    GROUP BY delivered.dataset, delivered.batch_id
),

unjudged AS (
    SELECT
        dataset,
        SUM(records)::bigint AS records
    FROM waiting
    GROUP BY dataset
),

released AS (
    SELECT
        dataset,
        COUNT(*) AS batches,
        SUM(clean_records)::bigint AS clean_records
    FROM audit.visible_ledgers
    GROUP BY dataset
),

-- The rows that a release told last, of a table that was still computed.
counted AS (
    SELECT DISTINCT ON (told.table_name)
        told.table_name,
        told.row_count::bigint AS row_count,
        computed.release
    FROM audit.releases AS computed
    CROSS JOIN LATERAL JSONB_EACH_TEXT(computed.table_rows) AS told (table_name, row_count)
    ORDER BY told.table_name ASC, computed.release DESC
),

-- And what came after it: a restore brings rows, and takes them away. What others write is in neither.
held AS (
    SELECT
        touched.table_name,
        COALESCE(MAX(counted.row_count), 0)
        + COALESCE(
            SUM(touched.rows_inserted - touched.rows_deleted)
            FILTER (WHERE touched.release > COALESCE(counted.release, 0)), 0
        )::bigint AS row_count
    FROM audit.release_changes AS touched
    LEFT JOIN counted ON touched.table_name = counted.table_name
    GROUP BY touched.table_name
),

published AS (
    -- No look at all sales: the publish is stopped where the days do not account for each of them.
    SELECT
        'sales' AS dataset,
        COALESCE(SUM(orders), 0)::bigint AS row_count
    FROM marts.daily_sales
    UNION ALL
    SELECT
        'customers' AS dataset,
        COUNT(*) AS row_count
    FROM core.dim_customer
    WHERE customer_key != -1
    UNION ALL
    SELECT
        'products' AS dataset,
        COUNT(*) AS row_count
    FROM core.dim_product
    WHERE product_key != -1
    UNION ALL
    -- Each other one has a table of its own.
    SELECT
        SUBSTRING(table_name FROM '^core.(.*)$') AS dataset,
        row_count
    FROM held
    WHERE table_name LIKE 'core.%%' AND table_name NOT IN ('core.fct_sale', 'core.dim_customer', 'core.dim_product')
)

SELECT
    found.dataset,
    found.files,
    found.refused_files,
    found.size_bytes,
    published.row_count AS published_rows,
    COALESCE(judged.source_records, 0) + COALESCE(unjudged.records, 0) AS source_records,
    COALESCE(judged.clean_records, 0) AS clean_records,
    COALESCE(judged.quarantined_records, 0) AS quarantined_records,
    COALESCE(judged.duplicate_records, 0) AS duplicate_records,
    COALESCE(unjudged.records, 0) AS unjudged_records,
    COALESCE(released.batches, 0) AS released_batches,
    COALESCE(released.clean_records, 0) AS released_clean_records
FROM found
LEFT JOIN judged ON found.dataset = judged.dataset
LEFT JOIN unjudged ON found.dataset = unjudged.dataset
LEFT JOIN released ON found.dataset = released.dataset
LEFT JOIN published ON found.dataset = published.dataset
ORDER BY found.dataset
