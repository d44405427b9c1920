-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
WITH bought AS (
    SELECT
        first_sold_on,
        last_sold_on,
        orders,
        units,
        net_usd,
        CASE WHEN customer_key = -1 THEN 'unknown' ELSE customer_id END AS customer_id
    FROM customer_months
)

SELECT
    customer_id,
    CAST(SUM(net_usd) AS DECIMAL(28, 2)) AS net_usd,
    MIN(first_sold_on) AS first_sold_on,
    MAX(last_sold_on) AS last_sold_on,
    SUM(orders) AS orders,
    SUM(units) AS units
FROM bought
GROUP BY customer_id
