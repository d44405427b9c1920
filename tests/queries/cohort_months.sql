-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
WITH bought AS (
    -- By the number that the till reported: two unknown customers are two.
    SELECT
        month_begins_on,
        orders,
        net_usd,
        MIN(month_begins_on) OVER (PARTITION BY customer_id) AS cohort_begins_on
    FROM buyer_months
)

SELECT
    cohort_begins_on,
    month_begins_on,
    CAST(SUM(net_usd) AS DECIMAL(28, 2)) AS net_usd,
    COUNT(*) AS customers,
    SUM(orders) AS orders
FROM bought
GROUP BY cohort_begins_on, month_begins_on
