-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
SELECT
    customer_key,
    CAST(SUM(net_usd) AS DECIMAL(28, 2)) AS net_usd,
    MIN(first_sold_on) AS first_sold_on,
    MAX(last_sold_on) AS last_sold_on,
    SUM(orders) AS orders,
    SUM(units) AS units
FROM customer_months
GROUP BY customer_key
