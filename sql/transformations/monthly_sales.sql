-- Purpose: what was sold in each month.
-- Grain: one row a month with sales. Key: month_begins_on.
-- Reads: fct_sale. A pure function of it, so it may run again.
-- Computed: for each month of month_begins_on.
SELECT
    TRUNC(sold_on, 'MM') AS month_begins_on,
    COUNT(*) AS orders,
    SUM(quantity) AS units,
    COUNT(DISTINCT customer_id) AS customers,
    SUM(gross_usd) AS gross_usd,
    SUM(discount_usd) AS discount_usd,
    SUM(net_usd) AS net_usd,
    ROUND(SUM(net_usd) / COUNT(*), 2) AS net_per_order_usd
FROM fct_sale
GROUP BY TRUNC(sold_on, 'MM')
