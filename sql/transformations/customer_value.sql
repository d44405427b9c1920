-- Purpose: recency, frequency and monetary value of each customer (RFM), under the segment and country of today.
-- Grain: one row a customer with sales. Key: customer_id.
-- Reads: customer_sales, dim_customer. A pure function of them, so it may run again.
WITH compared AS (
    SELECT
        customer_id,
        first_sold_on,
        last_sold_on,
        orders,
        units,
        -- Cast: Spark sorts narrow decimals as whole numbers.
        CAST(net_usd AS DECIMAL(18, 2)) AS net_usd,
        customer_id != 'unknown' AS is_known,
        MAX(last_sold_on) OVER () AS newest_sold_on
    FROM customer_sales
),

-- Fifths among those who are somebody: sales to unknown customers together would be the best customer of all.
scored AS (
    SELECT
        *,
        NTILE(5) OVER (PARTITION BY is_known ORDER BY last_sold_on ASC, customer_id ASC) AS recency,
        NTILE(5) OVER (PARTITION BY is_known ORDER BY orders ASC, customer_id ASC) AS frequency,
        NTILE(5) OVER (PARTITION BY is_known ORDER BY net_usd ASC, customer_id ASC) AS monetary
    FROM compared
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
    CASE WHEN scored.is_known THEN scored.recency END AS recency_score,
    CASE WHEN scored.is_known THEN scored.frequency END AS frequency_score,
    CASE WHEN scored.is_known THEN scored.monetary END AS monetary_score,
    DATEDIFF(scored.newest_sold_on, scored.last_sold_on) AS recency_days,
    DATEDIFF(scored.last_sold_on, scored.first_sold_on) AS lifetime_days,
    ROUND(scored.net_usd / scored.orders, 2) AS net_per_order_usd,
    CASE
        WHEN NOT scored.is_known THEN 'unknown'
        WHEN scored.recency >= 4 AND scored.frequency >= 4 AND scored.monetary >= 4 THEN 'champion'
        WHEN scored.recency >= 3 AND scored.frequency >= 3 THEN 'loyal'
        WHEN scored.recency >= 4 THEN 'recent'
        WHEN scored.recency <= 2 AND scored.monetary >= 4 THEN 'at_risk'
        WHEN scored.recency <= 2 THEN 'dormant'
        ELSE 'occasional'
    END AS value_segment
FROM scored
INNER JOIN dim_customer AS customer ON scored.customer_id = customer.customer_id AND customer.is_current
