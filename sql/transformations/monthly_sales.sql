-- Purpose: what was sold in each month.
-- Grain: one row a month with sales. Key: month_begins_on.
-- Reads: sale_months. A pure function of it, so it may run again.
-- Computed: for each month of month_begins_on.
SELECT
    month_begins_on,
    orders,
    units,
    customers,
    gross_usd,
    discount_usd,
    net_usd,
    -- Cast: a quotient of wide decimals has few digits, and would be rounded twice.
    ROUND(CAST(net_usd AS DECIMAL(18, 2)) / orders, 2) AS net_per_order_usd
FROM sale_months
