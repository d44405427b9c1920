-- Purpose: what the newest release of a run changed.
-- Grain: one row a table of which it changed a row. Parameter: run_key. Only reads.
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
    AND touched.rows_inserted + touched.rows_updated + touched.rows_deleted > 0
ORDER BY touched.table_name
