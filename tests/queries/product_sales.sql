-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
SELECT
    product_key,
    CAST(SUM(net_usd) AS DECIMAL(28, 2)) AS net_usd,
    SUM(orders) AS orders,
    SUM(units) AS units
FROM product_months
GROUP BY product_key
