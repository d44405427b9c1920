-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
SELECT
    product_key,
    TRUNC(sold_on, 'MM') AS month_begins_on,
    COUNT(*) AS orders,
    SUM(quantity) AS units,
    SUM(net_usd) AS net_usd
FROM fct_sale
GROUP BY TRUNC(sold_on, 'MM'), product_key
