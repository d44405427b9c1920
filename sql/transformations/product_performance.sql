-- Purpose: how each product sells, under its name and category of today, at its cost at the time of the sale.
-- Grain: one row a product, also without sales. Key: product_id.
-- Reads: fct_sale, dim_product. A pure function of them, so it may run again.
WITH sold AS (
    SELECT
        held.product_id,
        COUNT(*) AS orders,
        SUM(sale.quantity) AS units,
        SUM(sale.net_usd) AS net_usd,
        SUM(sale.quantity * held.cost_usd) AS cost_usd
    FROM fct_sale AS sale
    INNER JOIN dim_product AS held ON sale.product_key = held.product_key
    GROUP BY held.product_id
)

SELECT
    product.product_id,
    product.product_name,
    product.category,
    COALESCE(sold.orders, 0) AS orders,
    COALESCE(sold.units, 0) AS units,
    COALESCE(sold.net_usd, 0) AS net_usd,
    CASE WHEN product.product_key != -1 THEN COALESCE(sold.cost_usd, 0) END AS cost_usd,
    CASE WHEN product.product_key != -1 THEN COALESCE(sold.net_usd, 0) - COALESCE(sold.cost_usd, 0) END AS margin_usd,
    ROW_NUMBER() OVER (ORDER BY COALESCE(sold.net_usd, 0) DESC, product.product_id ASC) AS net_rank
FROM dim_product AS product
LEFT JOIN sold ON product.product_id = sold.product_id
WHERE product.is_current
