-- Purpose: what the categories sold and earned.
-- Grain: one row a category, the one that sold most first. Only reads.
SELECT
    category,
    orders,
    units,
    net_usd,
    margin_usd
FROM marts.category_sales
ORDER BY net_usd DESC, category ASC
