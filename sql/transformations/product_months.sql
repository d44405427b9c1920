-- Purpose: how each product sold in each month: what is told of products is added up from here.
-- Grain: one row a month and version of a product. Key: month_begins_on, product_key.
-- Reads: fct_sale. A pure function of it, so it may run again.
-- Computed: for each month of month_begins_on.
-- Kept: in the lake.
SELECT
    product_key,
    TRUNC(sold_on, 'MM') AS month_begins_on,
    COUNT(*) AS orders,
    SUM(quantity) AS units,
    SUM(net_usd) AS net_usd
FROM fct_sale
GROUP BY TRUNC(sold_on, 'MM'), product_key
