-- Purpose: what was sold in each month.
-- Grain: one row a month with sales. Key: month_begins_on.
-- Reads: daily_sales, customer_months. A pure function of them, so it may run again.
-- Computed: for each month of month_begins_on.
WITH sold AS (
    SELECT
        TRUNC(sold_on, 'MM') AS month_begins_on,
        SUM(orders) AS orders,
        SUM(units) AS units,
        SUM(gross_usd) AS gross_usd,
        SUM(discount_usd) AS discount_usd,
        SUM(net_usd) AS net_usd
    FROM daily_sales
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
    sold.gross_usd,
    sold.discount_usd,
    sold.net_usd,
    -- Cast: a quotient of wide decimals has few digits, and would be rounded twice.
    ROUND(CAST(sold.net_usd AS DECIMAL(18, 2)) / sold.orders, 2) AS net_per_order_usd
FROM sold
INNER JOIN buyers ON sold.month_begins_on = buyers.month_begins_on
