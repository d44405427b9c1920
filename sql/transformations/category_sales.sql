-- Purpose: what each category sold and earned, by the category and cost at the time of the sale.
-- Grain: one row a category with sales. Key: category.
-- Reads: product_sales, dim_product. A pure function of them, so it may run again.
SELECT
    product.category,
    SUM(sold.orders) AS orders,
    SUM(sold.units) AS units,
    SUM(sold.net_usd) AS net_usd,
    SUM(sold.units * product.cost_usd) AS cost_usd,
    SUM(sold.net_usd) - SUM(sold.units * product.cost_usd) AS margin_usd
FROM product_sales AS sold
INNER JOIN dim_product AS product ON sold.product_key = product.product_key
GROUP BY product.category
