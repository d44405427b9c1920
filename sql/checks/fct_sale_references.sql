-- Severity: error
-- Sales: touched
-- Purpose: every sale points at a version of its own customer and product that held when it was made, and at a day.
SELECT
    sale.sale_id,
    sale.customer_key,
    sale.product_key,
    sale.sold_on
FROM fct_sale AS sale
LEFT JOIN dim_customer AS customer ON sale.customer_key = customer.customer_key
LEFT JOIN dim_product AS product ON sale.product_key = product.product_key
LEFT JOIN dim_date AS calendar ON sale.sold_on = calendar.calendar_date
WHERE
    customer.customer_key IS NULL
    OR product.product_key IS NULL
    OR calendar.calendar_date IS NULL
    OR (sale.customer_key != -1 AND sale.customer_id != customer.customer_id)
    OR (sale.product_key != -1 AND sale.product_id != product.product_id)
    OR sale.sold_at_utc < customer.valid_from_utc
    OR sale.sold_at_utc >= customer.valid_to_utc
    OR sale.sold_at_utc < product.valid_from_utc
    OR sale.sold_at_utc >= product.valid_to_utc
ORDER BY sale.sale_id
