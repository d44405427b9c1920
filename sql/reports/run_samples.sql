-- Purpose: records in quarantine to look at, a few for each of the reasons met most.
-- Grain: one row a dataset, reason and record. Parameter: run_key. Only reads.
WITH delivered AS (
    SELECT DISTINCT
        dataset,
        batch_id
    FROM audit.source_files
    WHERE run_key = %(run_key)s
),

told AS (
    SELECT
        rejected.dataset,
        rejected.batch_id,
        rejected.record_number,
        SPLIT_PART(given.reason, ': ', 1) || ': ' || SPLIT_PART(given.reason, ': ', 2) AS reason
    FROM quarantine.records AS rejected
    INNER JOIN delivered ON rejected.dataset = delivered.dataset AND rejected.batch_id = delivered.batch_id
    CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS_TEXT(rejected.reasons) AS given (reason)
),

ranked AS (
    SELECT
        dataset,
        reason,
        batch_id,
        record_number,
        ROW_NUMBER() OVER (PARTITION BY dataset, reason ORDER BY batch_id ASC, record_number ASC) AS place,
        COUNT(*) OVER (PARTITION BY dataset, reason) AS records
    FROM told
),

chosen AS (
    SELECT
        dataset,
        reason,
        batch_id,
        record_number,
        DENSE_RANK() OVER (ORDER BY records DESC, dataset ASC, reason ASC) AS rank_of_reason
    FROM ranked
    WHERE place <= 3
)

SELECT
    chosen.reason,
    rejected.dataset,
    rejected.batch_id,
    rejected.source_file,
    rejected.record_number,
    rejected.raw,
    rejected.reasons
FROM chosen
INNER JOIN quarantine.records AS rejected
    ON
        chosen.dataset = rejected.dataset
        AND chosen.batch_id = rejected.batch_id
        AND chosen.record_number = rejected.record_number
WHERE chosen.rank_of_reason <= 30
ORDER BY chosen.rank_of_reason ASC, rejected.batch_id ASC, rejected.record_number ASC
