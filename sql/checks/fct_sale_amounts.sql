-- Severity: error
-- Sales: touched
-- Purpose: gross and discount of a sale follow from its quantity, price and rate; that net is the rest is a constraint.
SELECT
    sale_id,
    gross_usd,
    discount_usd,
    net_usd
FROM fct_sale
WHERE
    gross_usd != ROUND(quantity * unit_price_usd, 2)
    OR discount_usd != ROUND(gross_usd * discount_rate, 2)
ORDER BY sale_id
