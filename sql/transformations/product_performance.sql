-- Purpose: how each product sells, under its name and category of today, at its cost at the time of the sale.
-- Grain: one row a product, also without sales. Key: product_id.
-- Reads: product_sales, dim_product. A pure function of them, so it may run again.
WITH sold AS (
    SELECT
        held.product_id,
        SUM(sale.orders) AS orders,
        SUM(sale.units) AS units,
        SUM(sale.net_usd) AS net_usd,
        SUM(sale.units * held.cost_usd) AS cost_usd
    FROM product_sales AS sale
    INNER JOIN dim_product AS held ON sale.product_key = held.product_key
    GROUP BY held.product_id
),

performance AS (
    SELECT
        product.product_id,
        product.product_name,
        product.category,
        COALESCE(sold.orders, 0) AS orders,
        COALESCE(sold.units, 0) AS units,
        COALESCE(sold.net_usd, 0) AS net_usd,
        CASE WHEN product.product_key != -1 THEN COALESCE(sold.cost_usd, 0) END AS cost_usd,
        CASE WHEN product.product_key != -1 THEN COALESCE(sold.net_usd, 0) - COALESCE(sold.cost_usd, 0) END AS margin_usd
    FROM dim_product AS product
    LEFT JOIN sold ON product.product_id = sold.product_id
    WHERE product.is_current
)

SELECT
    product_id,
    product_name,
    category,
    orders,
    units,
    net_usd,
    cost_usd,
    margin_usd,
    -- Casts: a quotient of wide decimals has few digits, and would be rounded twice.
    ROUND(TRY_DIVIDE(100 * CAST(margin_usd AS DECIMAL(18, 2)), CAST(net_usd AS DECIMAL(18, 2))), 2) AS margin_pct,
    ROW_NUMBER() OVER (ORDER BY net_usd DESC, product_id ASC) AS net_rank,
    ROW_NUMBER() OVER (ORDER BY margin_usd DESC NULLS LAST, product_id ASC) AS margin_rank,
    ROW_NUMBER() OVER (PARTITION BY category ORDER BY net_usd DESC, product_id ASC) AS category_rank
FROM performance
