-- Purpose: of the customers who bought first in a month, how many came back in each month after it.
-- Grain: one row a cohort and month in which somebody of it bought. Key: cohort_begins_on, months_since.
-- Reads: buyer_months. A pure function of it, so it may run again.
WITH bought AS (
    -- By the number that the till reported: two unknown customers are two.
    SELECT
        customer_id,
        month_begins_on,
        orders,
        net_usd,
        MIN(month_begins_on) OVER (PARTITION BY customer_id) AS cohort_begins_on
    FROM buyer_months
),

retained AS (
    SELECT
        cohort_begins_on,
        CAST(MONTHS_BETWEEN(month_begins_on, cohort_begins_on) AS INT) AS months_since,
        COUNT(customer_id) AS customers,
        SUM(orders) AS orders,
        SUM(net_usd) AS net_usd
    FROM bought
    GROUP BY cohort_begins_on, months_since
)

SELECT
    cohort_begins_on,
    months_since,
    customers,
    orders,
    net_usd,
    -- All of them bought in their first month.
    FIRST_VALUE(customers) OVER (PARTITION BY cohort_begins_on ORDER BY months_since) AS cohort_customers,
    ROUND(
        100.0 * customers / FIRST_VALUE(customers) OVER (PARTITION BY cohort_begins_on ORDER BY months_since), 2
    ) AS retention_pct
FROM retained
