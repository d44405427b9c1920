-- Severity: error
-- Purpose: a cohort is as large as its first month, and nobody comes back who was not in it.
SELECT
    cohort_begins_on,
    months_since,
    cohort_customers,
    customers
FROM cohort_retention
WHERE
    months_since < 0
    OR customers > cohort_customers
    OR (months_since = 0 AND customers != cohort_customers)
ORDER BY cohort_begins_on, months_since
