-- Purpose: the source files that a run found.
-- Grain: one row a file. Parameter: run_key. Only reads.
SELECT
    file_name,
    dataset,
    state,
    records,
    reason
FROM audit.source_files
WHERE run_key = %(run_key)s
ORDER BY file_name
