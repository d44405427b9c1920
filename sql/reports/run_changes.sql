-- Purpose: what the releases of a run changed.
-- Grain: one row a release and table. Parameter: run_key. Only reads.
SELECT
    touched.table_name,
    touched.rows_inserted,
    touched.rows_updated,
    touched.rows_deleted
FROM audit.release_changes AS touched
INNER JOIN audit.releases AS published ON touched.release = published.release
WHERE published.run_key = %(run_key)s
ORDER BY touched.release, touched.table_name
