-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
WITH sold AS (
    SELECT
        sold_on,
        COUNT(*) AS orders,
        SUM(quantity) AS units,
        SUM(gross_usd) AS gross_usd,
        SUM(discount_usd) AS discount_usd,
        SUM(net_usd) AS net_usd
    FROM fct_sale
    GROUP BY sold_on
),

-- Apart: beside a count of customers every sum is first kept for each customer of each day.
buyers AS (
    SELECT
        sold_on,
        COUNT(DISTINCT customer_id) AS customers
    FROM fct_sale
    GROUP BY sold_on
)

SELECT
    sold.sold_on,
    sold.orders,
    sold.units,
    buyers.customers,
    sold.gross_usd,
    sold.discount_usd,
    sold.net_usd
FROM sold
INNER JOIN buyers ON sold.sold_on = buyers.sold_on
