-- Purpose: what became of a run, and the warehouse it left behind. Its records are the sums of run_datasets.sql, its failed checks those of run_checks.sql.
-- Grain: one row. Parameter: run_key. Only reads.
WITH found AS (
    SELECT
        COUNT(*) FILTER (WHERE state <> 'ignored') AS source_files,
        COUNT(*) FILTER (WHERE state = 'seen') AS seen_files,
        COUNT(*) FILTER (WHERE state = 'refused') AS refused_files
    FROM audit.source_files
    WHERE run_key = %(run_key)s
),

-- No look at all sales: the publish is stopped where the days do not account for each of them.
sales AS (
    SELECT
        COALESCE(SUM(orders), 0)::bigint AS sales,
        COALESCE(SUM(net_usd), 0) AS net_usd
    FROM marts.daily_sales
),

-- Of each stage the newest attempt counts: a retry mends.
ended AS (
    SELECT DISTINCT ON (stage)
        stage,
        state,
        started_at,
        SPLIT_PART(details ->> 'error', ':', 1) AS error_class
    FROM audit.stage_runs
    WHERE run_key = %(run_key)s
    ORDER BY stage ASC, attempt DESC
),

began AS (
    SELECT COALESCE(MIN(started_at), NOW()) AS started_at
    FROM audit.stage_runs
    WHERE run_key = %(run_key)s
),

outcome AS (
    SELECT
        CASE
            -- A try that came to grief before it claimed the run: what the try before it came to says nothing of it.
            WHEN EXISTS (
                SELECT 1
                FROM ended
                WHERE
                    ended.state = 'failed'
                    AND ended.started_at > attempt.claimed_at
                    AND ended.stage NOT IN ('daily_summary', 'notifications')
                    AND ended.error_class NOT IN ('QualityStopped', 'Superseded')
            ) THEN 'failed'
            -- Nor where one still runs, or was killed.
            WHEN EXISTS (
                SELECT 1
                FROM ended
                WHERE
                    ended.state = 'running'
                    AND ended.started_at > attempt.claimed_at
                    AND ended.stage IN ('data_ingestion', 'data_cleaning', 'data_transformation', 'data_loading')
            ) THEN 'not loaded'
            WHEN attempt.is_dry_run AND attempt.state = 'unchanged' THEN 'dry run, nothing new'
            WHEN attempt.is_dry_run AND attempt.state = 'audited' THEN 'dry run'
            WHEN attempt.state IN ('published', 'unchanged', 'stopped') THEN attempt.state
            WHEN EXISTS (
                SELECT 1
                FROM ended
                WHERE ended.state = 'failed'
            ) THEN 'failed'
            ELSE COALESCE(attempt.state, 'not loaded')
        END AS outcome
    FROM (VALUES (%(run_key)s)) AS asked (run_key)
    LEFT JOIN audit.runs AS attempt ON asked.run_key = attempt.run_key
),

visible AS (
    SELECT
        MAX(release) AS release,
        MAX(release) FILTER (WHERE run_key = %(run_key)s) AS of_run
    FROM audit.releases
),

-- Where a run has published its own newest release counts, otherwise the one that stays.
told AS (
    SELECT
        visible.release AS visible_release,
        CASE WHEN outcome.outcome = 'published' THEN COALESCE(visible.of_run, visible.release) ELSE visible.release END
            AS release
    FROM outcome
    CROSS JOIN visible
),

-- What releases after it did to the sales.
since AS (
    SELECT
        COALESCE(SUM(later.rows_inserted - later.rows_deleted), 0)::bigint AS sales,
        COALESCE(SUM((later.sums ->> 'net_usd')::numeric), 0) AS net_usd
    FROM told
    INNER JOIN audit.release_changes AS later ON told.release < later.release
    WHERE later.table_name = 'core.fct_sale'
),

-- Once a later release has come, what was written down of this one stays.
known AS (
    SELECT
        MAX(earlier.triggered_by) AS triggered_by,
        MAX(earlier.sales) FILTER (WHERE earlier.release = told.release AND told.release < told.visible_release)
            AS sales,
        MAX(earlier.net_usd) FILTER (WHERE earlier.release = told.release AND told.release < told.visible_release)
            AS net_usd
    FROM marts.daily_summary AS earlier
    CROSS JOIN told
    WHERE earlier.run_key = %(run_key)s
)

SELECT
    known.triggered_by,
    began.started_at,
    outcome.outcome,
    told.release,
    told.visible_release,
    known_release.restored_from,
    found.source_files,
    found.seen_files,
    found.refused_files,
    COALESCE(known.sales, sales.sales - since.sales) AS sales,
    COALESCE(known.net_usd, sales.net_usd - since.net_usd) AS net_usd,
    NOW() AS read_at
FROM outcome
CROSS JOIN known
CROSS JOIN began
CROSS JOIN told
LEFT JOIN audit.releases AS known_release ON told.release = known_release.release
CROSS JOIN since
CROSS JOIN found
CROSS JOIN sales
