-- Purpose: what each customer bought in each month and region: what is told of customers is added up from here.
-- Grain: one row a month, region, version of a customer and number that the till reported. Key: month_begins_on, region, customer_key,
--     customer_id.
-- Reads: fct_sale. A pure function of it, so it may run again.
-- Computed: for each month of month_begins_on.
-- Kept: in the lake.
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
