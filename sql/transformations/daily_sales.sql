-- Purpose: what was sold on each day.
-- Grain: one row a day with sales. Key: sold_on.
-- Reads: sale_days. A pure function of it, so it may run again.
-- Computed: for each month of sold_on.
SELECT
    sold_on,
    orders,
    units,
    customers,
    gross_usd,
    discount_usd,
    net_usd
FROM sale_days
