-- Purpose: what the releases of a run changed.
-- Grain: one row a release and table. Parameter: run_key. Only reads.
SELECT table_name, rows_inserted, rows_updated, rows_deleted
FROM audit.release_changes
INNER JOIN audit.releases USING (release)
WHERE run_key = %(run_key)s
ORDER BY release, table_name
