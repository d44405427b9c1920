-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
SELECT
    region,
    month_begins_on,
    CAST(SUM(net_usd) AS DECIMAL(28, 2)) AS net_usd,
    SUM(orders) AS orders,
    SUM(units) AS units,
    COUNT(DISTINCT customer_id) AS customers
FROM customer_months
GROUP BY month_begins_on, region
