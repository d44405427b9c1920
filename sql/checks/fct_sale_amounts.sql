-- Severity: error
-- Purpose: the amounts of a sale follow from its quantity, price and discount.
SELECT
    sale_id,
    gross_usd,
    discount_usd,
    net_usd
FROM fct_sale
WHERE
    gross_usd != quantity * unit_price_usd
    OR discount_usd != ROUND(gross_usd * discount_rate, 2)
    OR net_usd != gross_usd - discount_usd
ORDER BY sale_id
LIMIT 1000
