-- Purpose: the key figures of the last days with sales.
-- Grain: one row a day, in order. Only reads.
WITH newest AS (
    SELECT
        sold_on,
        orders,
        units,
        customers,
        gross_usd,
        discount_usd,
        net_usd
    FROM marts.daily_sales
    ORDER BY sold_on DESC
    LIMIT 120
)

SELECT
    sold_on,
    orders,
    units,
    customers,
    gross_usd,
    discount_usd,
    net_usd
FROM newest
ORDER BY sold_on
