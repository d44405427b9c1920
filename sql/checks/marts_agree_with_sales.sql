-- Severity: error
-- Purpose: every mart accounts for every sale and every cent of them.
WITH totals AS (
    SELECT
        'fct_sale' AS table_name,
        sales AS orders,
        net_usd
    FROM measured_sales
    UNION ALL
    SELECT
        'daily_sales' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM daily_sales
    UNION ALL
    SELECT
        'category_sales' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM category_sales
    UNION ALL
    SELECT
        'product_performance' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM product_performance
    UNION ALL
    SELECT
        'customer_value' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM customer_value
    UNION ALL
    SELECT
        'monthly_sales' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM monthly_sales
    UNION ALL
    SELECT
        'region_sales' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM region_sales
    UNION ALL
    SELECT
        'cohort_retention' AS table_name,
        COALESCE(SUM(orders), 0) AS orders,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM cohort_retention
)

SELECT
    totals.table_name,
    totals.orders,
    totals.net_usd,
    sales.orders AS sales,
    sales.net_usd AS sales_net_usd
FROM totals
INNER JOIN totals AS sales ON sales.table_name = 'fct_sale'
WHERE totals.orders != sales.orders OR totals.net_usd != sales.net_usd
