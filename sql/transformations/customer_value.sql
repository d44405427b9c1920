-- Purpose: recency, frequency and monetary value of each customer (RFM), under the segment and country of today.
-- Grain: one row a customer with sales. Key: customer_id.
-- Reads: customer_months, dim_customer. A pure function of them, so it may run again.
WITH bought AS (
    SELECT
        held.customer_id,
        MIN(sale.first_sold_on) AS first_sold_on,
        MAX(sale.last_sold_on) AS last_sold_on,
        SUM(sale.orders) AS orders,
        SUM(sale.units) AS units,
        SUM(sale.net_usd) AS net_usd
    FROM customer_months AS sale
    INNER JOIN dim_customer AS held ON sale.customer_key = held.customer_key
    GROUP BY held.customer_id
),

-- Fifths among those who are somebody: sales to unknown customers together would be the best customer of all.
scored AS (
    SELECT
        customer_id,
        NTILE(5) OVER (ORDER BY last_sold_on ASC, customer_id ASC) AS recency_score,
        NTILE(5) OVER (ORDER BY orders ASC, customer_id ASC) AS frequency_score,
        NTILE(5) OVER (ORDER BY net_usd ASC, customer_id ASC) AS monetary_score
    FROM bought
    WHERE customer_id != 'unknown'
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
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    DATEDIFF(MAX(bought.last_sold_on) OVER (), bought.last_sold_on) AS recency_days,
    DATEDIFF(bought.last_sold_on, bought.first_sold_on) AS lifetime_days,
    -- Cast: a quotient of wide decimals has few digits, and would be rounded twice.
    ROUND(CAST(bought.net_usd AS DECIMAL(18, 2)) / bought.orders, 2) AS net_per_order_usd,
    CASE
        WHEN scored.customer_id IS NULL THEN 'unknown'
        WHEN scored.recency_score >= 4 AND scored.frequency_score >= 4 AND scored.monetary_score >= 4 THEN 'champion'
        WHEN scored.recency_score >= 3 AND scored.frequency_score >= 3 THEN 'loyal'
        WHEN scored.recency_score >= 4 THEN 'recent'
        WHEN scored.recency_score <= 2 AND scored.monetary_score >= 4 THEN 'at_risk'
        WHEN scored.recency_score <= 2 THEN 'dormant'
        ELSE 'occasional'
    END AS value_segment
FROM bought
INNER JOIN dim_customer AS customer ON bought.customer_id = customer.customer_id AND customer.is_current
LEFT JOIN scored ON bought.customer_id = scored.customer_id
