-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
SELECT
    customer_key,
    customer_id,
    region,
    TRUNC(sold_on, 'MM') AS month_begins_on,
    MIN(sold_on) AS first_sold_on,
    MAX(sold_on) AS last_sold_on,
    COUNT(*) AS orders,
    SUM(quantity) AS units,
    SUM(net_usd) AS net_usd
FROM fct_sale
GROUP BY TRUNC(sold_on, 'MM'), region, customer_key, customer_id
