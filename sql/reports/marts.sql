-- Purpose: the marts that people see; a query may also make an intermediate result that is not published.
-- Grain: one row a table. Only reads.
SELECT tablename AS mart
FROM pg_tables
WHERE schemaname = 'marts'
ORDER BY tablename
