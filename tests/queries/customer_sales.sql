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
),

sold AS (
    SELECT
        customer_id,
        CAST(SUM(net_usd) AS DECIMAL(28, 2)) AS net_usd,
        MIN(first_sold_on) AS first_sold_on,
        MAX(last_sold_on) AS last_sold_on,
        SUM(orders) AS orders,
        SUM(units) AS units
    FROM bought
    GROUP BY customer_id
),

compared AS (
    SELECT
        customer_id,
        FLOOR(100 * (RANK() OVER (ORDER BY last_sold_on) - 1) / COUNT(*) OVER ()) AS last_sold_on_percentile,
        FLOOR(100 * (RANK() OVER (ORDER BY orders) - 1) / COUNT(*) OVER ()) AS orders_percentile,
        FLOOR(100 * (RANK() OVER (ORDER BY net_usd) - 1) / COUNT(*) OVER ()) AS net_usd_percentile
    FROM sold
    WHERE customer_id != 'unknown'
)

SELECT
    sold.customer_id,
    sold.net_usd,
    sold.first_sold_on,
    sold.last_sold_on,
    sold.orders,
    sold.units,
    compared.last_sold_on_percentile,
    compared.orders_percentile,
    compared.net_usd_percentile
FROM sold
LEFT JOIN compared ON sold.customer_id = compared.customer_id
