-- Purpose: what each region sold in each month, and its share of the month.
-- Grain: one row a month and region with sales. Key: month_begins_on, region.
-- Reads: region_months. A pure function of it, so it may run again.
-- Computed: for each month of month_begins_on.
SELECT
    month_begins_on,
    region,
    orders,
    units,
    customers,
    net_usd,
    -- try_divide: where everything was given away there is no share. Casts: a quotient of wide decimals has few digits,
    -- and would be rounded twice.
    ROUND(
        TRY_DIVIDE(
            100 * CAST(net_usd AS DECIMAL(18, 2)),
            CAST(SUM(net_usd) OVER (PARTITION BY month_begins_on) AS DECIMAL(18, 2))
        ), 2
    ) AS net_share_pct
FROM region_months
