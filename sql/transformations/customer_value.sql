-- Purpose: recency, frequency and monetary value of each customer, under the segment and country of today.
-- Grain: one row a customer with sales. Key: customer_id.
-- Reads: fct_sale, dim_customer. A pure function of them, so it may run again.
WITH bought AS (
    SELECT
        held.customer_id,
        MIN(sale.sold_on) AS first_sold_on,
        MAX(sale.sold_on) AS last_sold_on,
        COUNT(*) AS orders,
        SUM(sale.quantity) AS units,
        SUM(sale.net_usd) AS net_usd
    FROM fct_sale AS sale
    INNER JOIN dim_customer AS held ON sale.customer_key = held.customer_key
    GROUP BY held.customer_id
)

SELECT
    bought.customer_id,
    customer.segment,
    customer.country_code,
    bought.first_sold_on,
    bought.last_sold_on,
    bought.orders,
    bought.units,
    bought.net_usd,
    DATEDIFF(MAX(bought.last_sold_on) OVER (), bought.last_sold_on) AS recency_days,
    ROUND(bought.net_usd / bought.orders, 2) AS net_per_order_usd
FROM bought
INNER JOIN dim_customer AS customer ON bought.customer_id = customer.customer_id AND customer.is_current
