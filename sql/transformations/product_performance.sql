-- Purpose: how each product sells, under its name and category of today, at its cost at the time of the sale.
-- Grain: one row a product, also without sales. Key: product_id.
-- Reads: product_sales, dim_product. A pure function of them, so it may run again.
WITH sold AS (
    SELECT
        held.product_id,
        -- Casts: of wide decimals a quotient has few digits, and would be rounded twice.
        CAST(COALESCE(SUM(sale.net_usd), 0) AS DECIMAL(18, 2)) AS net_usd,
        MAX(held.product_name) FILTER (WHERE held.is_current) AS product_name,
        MAX(held.category) FILTER (WHERE held.is_current) AS category,
        COALESCE(SUM(sale.orders), 0) AS orders,
        COALESCE(SUM(sale.units), 0) AS units,
        CASE
            WHEN held.product_id != 'unknown' THEN CAST(COALESCE(SUM(sale.units * held.cost_usd), 0) AS DECIMAL(18, 2))
        END AS cost_usd
    FROM dim_product AS held
    LEFT JOIN product_sales AS sale ON held.product_key = sale.product_key
    GROUP BY held.product_id
)

SELECT
    product_id,
    product_name,
    category,
    orders,
    units,
    net_usd,
    cost_usd,
    net_usd - cost_usd AS margin_usd,
    ROUND(TRY_DIVIDE(100 * (net_usd - cost_usd), net_usd), 2) AS margin_pct,
    ROW_NUMBER() OVER (ORDER BY net_usd DESC, product_id ASC) AS net_rank,
    ROW_NUMBER() OVER (ORDER BY net_usd - cost_usd DESC NULLS LAST, product_id ASC) AS margin_rank,
    ROW_NUMBER() OVER (PARTITION BY category ORDER BY net_usd DESC, product_id ASC) AS category_rank
FROM sold
