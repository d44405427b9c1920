-- Purpose: what the newest release of a run changed.
-- Grain: one row a table. Parameter: run_key. Only reads.
SELECT
    touched.table_name,
    touched.rows_inserted,
    touched.rows_updated,
    touched.rows_deleted
FROM audit.release_changes AS touched
WHERE
    touched.release = (
        SELECT MAX(published.release)
        FROM audit.releases AS published
        WHERE published.run_key = %(run_key)s
    )
ORDER BY touched.table_name
