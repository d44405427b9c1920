-- Purpose: what each category sold and earned, by the category and cost at the time of the sale.
-- Grain: one row a category with sales. Key: category.
-- Reads: fct_sale, dim_product. A pure function of them, so it may run again.
SELECT
    product.category,
    COUNT(*) AS orders,
    SUM(sale.quantity) AS units,
    SUM(sale.net_usd) AS net_usd,
    SUM(sale.quantity * product.cost_usd) AS cost_usd,
    SUM(sale.net_usd) - SUM(sale.quantity * product.cost_usd) AS margin_usd
FROM fct_sale AS sale
INNER JOIN dim_product AS product ON sale.product_key = product.product_key
GROUP BY product.category
