-- Purpose: of the customers who bought first in a month, how many came back in each month after it.
-- Grain: one row a cohort and month in which somebody of it bought. Key: cohort_begins_on, months_since.
-- Reads: cohort_months. A pure function of it, so it may run again.
SELECT
    cohort_begins_on,
    CAST(MONTHS_BETWEEN(month_begins_on, cohort_begins_on) AS INT) AS months_since,
    customers,
    orders,
    net_usd,
    -- All of them bought in their first month.
    FIRST_VALUE(customers) OVER (PARTITION BY cohort_begins_on ORDER BY month_begins_on) AS cohort_customers,
    ROUND(
        100.0 * customers / FIRST_VALUE(customers) OVER (PARTITION BY cohort_begins_on ORDER BY month_begins_on), 2
    ) AS retention_pct
FROM cohort_months
