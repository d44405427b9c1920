-- Purpose: recency, frequency and monetary value of each customer (RFM), under the segment and country of today.
-- Grain: one row a customer with sales. Key: customer_id.
-- Reads: customer_sales, dim_customer. A pure function of them, so it may run again.
WITH scored AS (
    SELECT
        customer_id,
        first_sold_on,
        last_sold_on,
        orders,
        units,
        -- Cast: a quotient of wide decimals has few digits.
        CAST(net_usd AS DECIMAL(18, 2)) AS net_usd,
        -- Fifths of those who are somebody: sales to unknown customers together would be the best customer of all.
        CAST(1 + FLOOR(last_sold_on_percentile / 20) AS INT) AS recency,
        CAST(1 + FLOOR(orders_percentile / 20) AS INT) AS frequency,
        CAST(1 + FLOOR(net_usd_percentile / 20) AS INT) AS monetary
    FROM customer_sales
)

SELECT
    scored.customer_id,
    customer.segment,
    customer.country_code,
    scored.first_sold_on,
    scored.last_sold_on,
    scored.orders,
    scored.units,
    scored.net_usd,
    scored.recency AS recency_score,
    scored.frequency AS frequency_score,
    scored.monetary AS monetary_score,
    DATEDIFF(scored.last_sold_on, scored.first_sold_on) AS lifetime_days,
    ROUND(scored.net_usd / scored.orders, 2) AS net_per_order_usd,
    CASE
        WHEN scored.customer_id = 'unknown' THEN 'unknown'
        WHEN scored.recency >= 4 AND scored.frequency >= 4 AND scored.monetary >= 4 THEN 'champion'
        WHEN scored.recency >= 3 AND scored.frequency >= 3 THEN 'loyal'
        WHEN scored.recency >= 4 THEN 'recent'
        WHEN scored.recency <= 2 AND scored.monetary >= 4 THEN 'at_risk'
        WHEN scored.recency <= 2 THEN 'dormant'
        ELSE 'occasional'
    END AS value_segment
FROM scored
INNER JOIN dim_customer AS customer ON scored.customer_id = customer.customer_id AND customer.is_current
