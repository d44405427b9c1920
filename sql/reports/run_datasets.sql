-- Purpose: the way of each dataset's records: from the files that the run found or judged again to the ledger, and from
-- the release's to its table. Grain: one row a dataset with such a file. Parameter: run_key. Only reads.
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

judged AS (
    SELECT
        dataset,
        COUNT(*) FILTER (WHERE NOT is_found) AS judged_again_files,
        COALESCE(SUM(source_records) FILTER (WHERE NOT is_found), 0)::bigint AS judged_again_records,
        SUM(source_records)::bigint AS source_records,
        SUM(clean_records)::bigint AS clean_records,
        SUM(quarantined_records)::bigint AS quarantined_records,
        SUM(duplicate_records)::bigint AS duplicate_records
    FROM audit.run_ledgers
    WHERE run_key = %(run_key)s
    GROUP BY dataset
),

looked_at AS (
    SELECT dataset FROM found
    UNION
    SELECT dataset FROM judged
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
            FROM audit.batch_ledger AS ledger
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
    looked_at.dataset,
    found.size_bytes,
    published.row_count AS published_rows,
    COALESCE(found.files, 0) AS files,
    COALESCE(found.refused_files, 0) AS refused_files,
    COALESCE(judged.judged_again_files, 0) AS judged_again_files,
    COALESCE(judged.judged_again_records, 0) AS judged_again_records,
    COALESCE(judged.source_records, 0) + COALESCE(unjudged.records, 0) AS source_records,
    COALESCE(judged.clean_records, 0) AS clean_records,
    COALESCE(judged.quarantined_records, 0) AS quarantined_records,
    COALESCE(judged.duplicate_records, 0) AS duplicate_records,
    COALESCE(unjudged.records, 0) AS unjudged_records,
    COALESCE(released.batches, 0) AS released_batches,
    COALESCE(released.clean_records, 0) AS released_clean_records
FROM looked_at
LEFT JOIN found ON looked_at.dataset = found.dataset
LEFT JOIN judged ON looked_at.dataset = judged.dataset
LEFT JOIN unjudged ON looked_at.dataset = unjudged.dataset
LEFT JOIN released ON looked_at.dataset = released.dataset
LEFT JOIN published ON looked_at.dataset = published.dataset
ORDER BY looked_at.dataset
