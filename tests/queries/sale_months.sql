-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
WITH sold AS (
    SELECT
        TRUNC(sold_on, 'MM') AS month_begins_on,
        SUM(orders) AS orders,
        SUM(units) AS units,
        SUM(gross_usd) AS gross_usd,
        SUM(discount_usd) AS discount_usd,
        SUM(net_usd) AS net_usd
    FROM sale_days
    GROUP BY TRUNC(sold_on, 'MM')
),

buyers AS (
    SELECT
        month_begins_on,
        COUNT(DISTINCT customer_id) AS customers
    FROM customer_months
    GROUP BY month_begins_on
)

SELECT
    sold.month_begins_on,
    sold.orders,
    sold.units,
    buyers.customers,
    CAST(sold.gross_usd AS DECIMAL(28, 2)) AS gross_usd,
    CAST(sold.discount_usd AS DECIMAL(28, 2)) AS discount_usd,
    CAST(sold.net_usd AS DECIMAL(28, 2)) AS net_usd
FROM sold
INNER JOIN buyers ON sold.month_begins_on = buyers.month_begins_on
