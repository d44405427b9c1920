-- Severity: error
-- Purpose: the versions of a product follow each other without gap or overlap, and the last one is current.
WITH history AS (
    SELECT
        product_id,
        valid_from_utc,
        valid_to_utc,
        is_current,
        LEAD(valid_from_utc) OVER (PARTITION BY product_id ORDER BY valid_from_utc) AS next_from_utc
    FROM dim_product
)

SELECT
    product_id,
    valid_from_utc,
    valid_to_utc,
    next_from_utc
FROM history
WHERE
    valid_to_utc IS DISTINCT FROM COALESCE(next_from_utc, '9999-12-31T00:00:00Z')
    OR is_current IS DISTINCT FROM (next_from_utc IS NULL)
ORDER BY product_id, valid_from_utc
