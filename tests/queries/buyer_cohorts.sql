-- The rollup of the same name in Spark SQL: what transforms/rollups.py must give.
SELECT
    customer_id,
    MIN(month_begins_on) AS cohort_begins_on
FROM buyer_months
GROUP BY customer_id
