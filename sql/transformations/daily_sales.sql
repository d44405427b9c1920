-- Purpose: what was sold on each day.
-- Grain: one row a day with sales. Key: sold_on.
-- Reads: fct_sale. A pure function of it, so it may run again.
-- Computed: for each month of sold_on.
SELECT
    sold_on,
    COUNT(*) AS orders,
    SUM(quantity) AS units,
    COUNT(DISTINCT customer_id) AS customers,
    SUM(gross_usd) AS gross_usd,
    SUM(discount_usd) AS discount_usd,
    SUM(net_usd) AS net_usd
FROM fct_sale
GROUP BY sold_on
