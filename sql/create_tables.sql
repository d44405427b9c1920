-- Purpose: every schema, table and key of the warehouse, with a comment on each column.
-- Safe to run again: creates what is missing and changes nothing that is there.
-- Columns that come from a source file are described in config/contracts; a test holds both equal.

CREATE SCHEMA IF NOT EXISTS staging;
CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS marts;
CREATE SCHEMA IF NOT EXISTS quarantine;
CREATE SCHEMA IF NOT EXISTS audit;
CREATE SCHEMA IF NOT EXISTS history;
CREATE SCHEMA IF NOT EXISTS masked;

COMMENT ON SCHEMA staging IS 'Tables of runs that are not published yet; the number at the end of a name is the token of its attempt.';
COMMENT ON SCHEMA core IS 'Published dimensions and facts. Only a publish writes here.';
COMMENT ON SCHEMA marts IS 'Published key figures, computed from core.';
COMMENT ON SCHEMA quarantine IS 'Records that break their contract, with every reason.';
COMMENT ON SCHEMA audit IS 'What ran, what it read, what it refused and what it made visible.';
COMMENT ON SCHEMA masked IS 'Tables of core that hold personal data, for those who may not see it.';
COMMENT ON SCHEMA history IS 'What releases replaced: the way back, and every table as it was known earlier.';

CREATE TABLE IF NOT EXISTS core.dim_customer (
    customer_key bigint PRIMARY KEY,
    customer_id text NOT NULL,
    full_name text NOT NULL,
    email text,
    phone text,
    city text,
    country_code text,
    segment text NOT NULL,
    registered_on date,
    valid_from_utc timestamptz NOT NULL,
    valid_to_utc timestamptz NOT NULL,
    is_current boolean NOT NULL,
    UNIQUE (customer_id, valid_from_utc) DEFERRABLE INITIALLY DEFERRED,
    CHECK (valid_from_utc < valid_to_utc)
);
COMMENT ON TABLE core.dim_customer IS 'One row a version of a customer (SCD2); key -1 is the unknown customer.';
COMMENT ON COLUMN core.dim_customer.customer_key IS 'Surrogate key: a hash of customer_id and the moment of the version.';
COMMENT ON COLUMN core.dim_customer.customer_id IS 'Number of the customer.';
COMMENT ON COLUMN core.dim_customer.full_name IS 'Given name and family name.';
COMMENT ON COLUMN core.dim_customer.email IS 'E-mail address.';
COMMENT ON COLUMN core.dim_customer.phone IS 'Telephone number in international form.';
COMMENT ON COLUMN core.dim_customer.city IS 'City of the customer''s address.';
COMMENT ON COLUMN core.dim_customer.country_code IS 'Country of the customer''s address, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN core.dim_customer.segment IS 'Segment the customer is served in.';
COMMENT ON COLUMN core.dim_customer.registered_on IS 'Day on which the customer registered.';
COMMENT ON COLUMN core.dim_customer.valid_from_utc IS 'First moment of this version; the first version holds since 1900.';
COMMENT ON COLUMN core.dim_customer.valid_to_utc IS 'First moment that no longer belongs to this version; 9999 while it is current.';
COMMENT ON COLUMN core.dim_customer.is_current IS 'Whether this is the last version known.';

CREATE TABLE IF NOT EXISTS core.dim_product (
    product_key bigint PRIMARY KEY,
    product_id text NOT NULL,
    product_name text NOT NULL,
    category text NOT NULL,
    list_price_usd numeric(12, 2),
    cost_usd numeric(12, 2),
    stock_quantity integer,
    supplier_name text,
    valid_from_utc timestamptz NOT NULL,
    valid_to_utc timestamptz NOT NULL,
    is_current boolean NOT NULL,
    UNIQUE (product_id, valid_from_utc) DEFERRABLE INITIALLY DEFERRED,
    CHECK (valid_from_utc < valid_to_utc)
);
COMMENT ON TABLE core.dim_product IS 'One row a version of a product (SCD2); key -1 is the unknown product.';
COMMENT ON COLUMN core.dim_product.product_key IS 'Surrogate key: a hash of product_id and the moment of the version.';
COMMENT ON COLUMN core.dim_product.product_id IS 'Number of the product.';
COMMENT ON COLUMN core.dim_product.product_name IS 'Name as printed in the catalogue.';
COMMENT ON COLUMN core.dim_product.category IS 'Category of the catalogue.';
COMMENT ON COLUMN core.dim_product.list_price_usd IS 'Price of one piece before discount, in US dollars.';
COMMENT ON COLUMN core.dim_product.cost_usd IS 'What one piece costs us, in US dollars.';
COMMENT ON COLUMN core.dim_product.stock_quantity IS 'Pieces in stock when this version was written.';
COMMENT ON COLUMN core.dim_product.supplier_name IS 'Supplier we buy it from.';
COMMENT ON COLUMN core.dim_product.valid_from_utc IS 'First moment of this version; the first version holds since 1900.';
COMMENT ON COLUMN core.dim_product.valid_to_utc IS 'First moment that no longer belongs to this version; 9999 while it is current.';
COMMENT ON COLUMN core.dim_product.is_current IS 'Whether this is the last version known.';

-- A late first version and the one that was first until then exchange a moment in one statement: the end of the
-- transaction tells whether they agree. Here for a warehouse that was made when each row was looked at.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'dim_customer_customer_id_valid_from_utc_key' AND NOT condeferrable) THEN
        ALTER TABLE core.dim_customer
        DROP CONSTRAINT dim_customer_customer_id_valid_from_utc_key,
        ADD UNIQUE (customer_id, valid_from_utc) DEFERRABLE INITIALLY DEFERRED;
    END IF;
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'dim_product_product_id_valid_from_utc_key' AND NOT condeferrable) THEN
        ALTER TABLE core.dim_product
        DROP CONSTRAINT dim_product_product_id_valid_from_utc_key,
        ADD UNIQUE (product_id, valid_from_utc) DEFERRABLE INITIALLY DEFERRED;
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS core.dim_date (
    calendar_date date PRIMARY KEY,
    calendar_year integer NOT NULL,
    quarter_of_year integer NOT NULL,
    month_of_year integer NOT NULL,
    month_name text NOT NULL,
    iso_week integer NOT NULL,
    day_of_month integer NOT NULL,
    iso_weekday integer NOT NULL,
    weekday_name text NOT NULL,
    is_weekend boolean NOT NULL
);
COMMENT ON TABLE core.dim_date IS 'One row a day of every calendar year in which something was sold.';
COMMENT ON COLUMN core.dim_date.calendar_date IS 'The day.';
COMMENT ON COLUMN core.dim_date.calendar_year IS 'Calendar year.';
COMMENT ON COLUMN core.dim_date.quarter_of_year IS 'Quarter, 1 to 4.';
COMMENT ON COLUMN core.dim_date.month_of_year IS 'Month, 1 to 12.';
COMMENT ON COLUMN core.dim_date.month_name IS 'English name of the month.';
COMMENT ON COLUMN core.dim_date.iso_week IS 'Week by ISO 8601, 1 to 53.';
COMMENT ON COLUMN core.dim_date.day_of_month IS 'Day of the month, 1 to 31.';
COMMENT ON COLUMN core.dim_date.iso_weekday IS 'Weekday by ISO 8601, 1 for Monday to 7 for Sunday.';
COMMENT ON COLUMN core.dim_date.weekday_name IS 'English name of the weekday.';
COMMENT ON COLUMN core.dim_date.is_weekend IS 'Whether the day is a Saturday or a Sunday.';

CREATE TABLE IF NOT EXISTS core.fct_sale (
    sale_id text NOT NULL,
    sold_on date NOT NULL REFERENCES core.dim_date DEFERRABLE INITIALLY DEFERRED,
    sold_at_utc timestamptz NOT NULL,
    customer_key bigint NOT NULL REFERENCES core.dim_customer DEFERRABLE INITIALLY DEFERRED,
    product_key bigint NOT NULL REFERENCES core.dim_product DEFERRABLE INITIALLY DEFERRED,
    customer_id text NOT NULL,
    product_id text NOT NULL,
    quantity integer NOT NULL,
    unit_price_usd numeric(12, 2) NOT NULL,
    discount_rate numeric(5, 4) NOT NULL,
    gross_usd numeric(18, 2) NOT NULL,
    discount_usd numeric(18, 2) NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    region text NOT NULL,
    payment_method text NOT NULL,
    PRIMARY KEY (sale_id, sold_on),
    CHECK (net_usd = gross_usd - discount_usd)
) PARTITION BY RANGE (sold_on);
COMMENT ON TABLE core.fct_sale IS 'One row a sale, one partition a month of sold_on.';
COMMENT ON COLUMN core.fct_sale.sale_id IS 'Number of the sale, unique over all shops.';
COMMENT ON COLUMN core.fct_sale.sold_on IS 'Day of the sale in UTC.';
COMMENT ON COLUMN core.fct_sale.sold_at_utc IS 'Time of the sale in UTC.';
COMMENT ON COLUMN core.fct_sale.customer_key IS 'Version of the customer at the time of the sale; -1 while the customer is unknown.';
COMMENT ON COLUMN core.fct_sale.product_key IS 'Version of the product at the time of the sale; -1 while the product is unknown.';
COMMENT ON COLUMN core.fct_sale.customer_id IS 'Customer who bought.';
COMMENT ON COLUMN core.fct_sale.product_id IS 'Product that was sold.';
COMMENT ON COLUMN core.fct_sale.quantity IS 'Pieces sold.';
COMMENT ON COLUMN core.fct_sale.unit_price_usd IS 'Price of one piece before discount, in US dollars.';
COMMENT ON COLUMN core.fct_sale.discount_rate IS 'Share of the price that was not charged, 0.25 for a quarter.';
COMMENT ON COLUMN core.fct_sale.gross_usd IS 'quantity times unit_price_usd.';
COMMENT ON COLUMN core.fct_sale.discount_usd IS 'gross_usd times discount_rate, rounded half up to cents.';
COMMENT ON COLUMN core.fct_sale.net_usd IS 'gross_usd less discount_usd: what the customer paid.';
COMMENT ON COLUMN core.fct_sale.region IS 'Sales region of the shop.';
COMMENT ON COLUMN core.fct_sale.payment_method IS 'How the customer paid.';

CREATE TABLE IF NOT EXISTS marts.daily_sales (
    sold_on date PRIMARY KEY,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    customers bigint NOT NULL,
    gross_usd numeric(18, 2) NOT NULL,
    discount_usd numeric(18, 2) NOT NULL,
    net_usd numeric(18, 2) NOT NULL
);
COMMENT ON TABLE marts.daily_sales IS 'One row a day with sales.';
COMMENT ON COLUMN marts.daily_sales.sold_on IS 'Day of the sales in UTC.';
COMMENT ON COLUMN marts.daily_sales.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.daily_sales.units IS 'Pieces sold.';
COMMENT ON COLUMN marts.daily_sales.customers IS 'Different customers who bought, unknown ones by the number the till reported.';
COMMENT ON COLUMN marts.daily_sales.gross_usd IS 'Price before discount, in US dollars.';
COMMENT ON COLUMN marts.daily_sales.discount_usd IS 'Discount granted, in US dollars.';
COMMENT ON COLUMN marts.daily_sales.net_usd IS 'What the customers paid, in US dollars.';

CREATE TABLE IF NOT EXISTS marts.monthly_sales (
    month_begins_on date PRIMARY KEY,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    customers bigint NOT NULL,
    gross_usd numeric(18, 2) NOT NULL,
    discount_usd numeric(18, 2) NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    net_per_order_usd numeric(18, 2) NOT NULL
);
COMMENT ON TABLE marts.monthly_sales IS 'One row a month with sales.';
COMMENT ON COLUMN marts.monthly_sales.month_begins_on IS 'First day of the month.';
COMMENT ON COLUMN marts.monthly_sales.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.monthly_sales.units IS 'Pieces sold.';
COMMENT ON COLUMN marts.monthly_sales.customers IS 'Different customers who bought, unknown ones by the number the till reported.';
COMMENT ON COLUMN marts.monthly_sales.gross_usd IS 'Price before discount, in US dollars.';
COMMENT ON COLUMN marts.monthly_sales.discount_usd IS 'Discount granted, in US dollars.';
COMMENT ON COLUMN marts.monthly_sales.net_usd IS 'What the customers paid, in US dollars.';
COMMENT ON COLUMN marts.monthly_sales.net_per_order_usd IS 'net_usd through orders, rounded half up to cents.';

CREATE TABLE IF NOT EXISTS marts.region_sales (
    month_begins_on date NOT NULL,
    region text NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    customers bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    net_share_pct numeric(5, 2),
    PRIMARY KEY (month_begins_on, region)
);
COMMENT ON TABLE marts.region_sales IS 'One row a month and region with sales.';
COMMENT ON COLUMN marts.region_sales.month_begins_on IS 'First day of the month.';
COMMENT ON COLUMN marts.region_sales.region IS 'Sales region of the shop.';
COMMENT ON COLUMN marts.region_sales.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.region_sales.units IS 'Pieces sold.';
COMMENT ON COLUMN marts.region_sales.customers IS 'Different customers who bought, unknown ones by the number the till reported.';
COMMENT ON COLUMN marts.region_sales.net_usd IS 'What the customers paid, in US dollars.';
COMMENT ON COLUMN marts.region_sales.net_share_pct IS 'Share of the month''s net_usd in percent; empty where the month has none.';

CREATE TABLE IF NOT EXISTS marts.cohort_retention (
    cohort_begins_on date NOT NULL,
    months_since integer NOT NULL,
    cohort_customers bigint NOT NULL,
    customers bigint NOT NULL,
    orders bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    retention_pct numeric(5, 2) NOT NULL,
    PRIMARY KEY (cohort_begins_on, months_since)
);
COMMENT ON TABLE marts.cohort_retention IS 'One row a cohort and month in which somebody of it bought; a cohort: who bought first in the same month.';
COMMENT ON COLUMN marts.cohort_retention.cohort_begins_on IS 'First day of the month in which the cohort bought first.';
COMMENT ON COLUMN marts.cohort_retention.months_since IS 'Months since then; 0 is that month itself.';
COMMENT ON COLUMN marts.cohort_retention.cohort_customers IS 'Customers of the cohort, unknown ones by the number the till reported.';
COMMENT ON COLUMN marts.cohort_retention.customers IS 'Those of them who bought in this month.';
COMMENT ON COLUMN marts.cohort_retention.orders IS 'Number of their sales in this month.';
COMMENT ON COLUMN marts.cohort_retention.net_usd IS 'What they paid in this month, in US dollars.';
COMMENT ON COLUMN marts.cohort_retention.retention_pct IS 'customers in percent of cohort_customers.';

CREATE TABLE IF NOT EXISTS marts.category_sales (
    category text PRIMARY KEY,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    cost_usd numeric(18, 2),
    margin_usd numeric(18, 2)
);
COMMENT ON TABLE marts.category_sales IS 'One row a product category with sales; unknown products are the category unknown.';
COMMENT ON COLUMN marts.category_sales.category IS 'Category of the product at the time of the sale.';
COMMENT ON COLUMN marts.category_sales.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.category_sales.units IS 'Pieces sold.';
COMMENT ON COLUMN marts.category_sales.net_usd IS 'What the customers paid, in US dollars.';
COMMENT ON COLUMN marts.category_sales.cost_usd IS 'What the pieces cost us at the time of the sale; empty for unknown products.';
COMMENT ON COLUMN marts.category_sales.margin_usd IS 'net_usd less cost_usd; empty for unknown products.';

CREATE TABLE IF NOT EXISTS marts.product_performance (
    product_id text PRIMARY KEY,
    product_name text NOT NULL,
    category text NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    cost_usd numeric(18, 2),
    margin_usd numeric(18, 2),
    margin_pct numeric(18, 2),
    net_rank integer NOT NULL,
    margin_rank integer NOT NULL,
    category_rank integer NOT NULL
);
-- A warehouse that had these tables before they had these columns gets them here; its next release fills them.
ALTER TABLE marts.product_performance
ADD COLUMN IF NOT EXISTS margin_pct numeric(18, 2),
ADD COLUMN IF NOT EXISTS margin_rank integer NOT NULL DEFAULT 0,
ADD COLUMN IF NOT EXISTS category_rank integer NOT NULL DEFAULT 0,
ALTER COLUMN margin_rank DROP DEFAULT,
ALTER COLUMN category_rank DROP DEFAULT;
COMMENT ON TABLE marts.product_performance IS 'One row a product, also without sales; sales of unknown products are the product unknown.';
COMMENT ON COLUMN marts.product_performance.product_id IS 'Number of the product.';
COMMENT ON COLUMN marts.product_performance.product_name IS 'Name as printed in the catalogue today.';
COMMENT ON COLUMN marts.product_performance.category IS 'Category today.';
COMMENT ON COLUMN marts.product_performance.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.product_performance.units IS 'Pieces sold.';
COMMENT ON COLUMN marts.product_performance.net_usd IS 'What the customers paid, in US dollars.';
COMMENT ON COLUMN marts.product_performance.cost_usd IS 'What the pieces cost us at the time of the sale; empty for the unknown product.';
COMMENT ON COLUMN marts.product_performance.margin_usd IS 'net_usd less cost_usd; empty for the unknown product.';
COMMENT ON COLUMN marts.product_performance.margin_pct IS 'margin_usd in percent of net_usd; empty where nothing was paid.';
COMMENT ON COLUMN marts.product_performance.net_rank IS 'Place by net_usd, 1 for the most; equal figures are ordered by product_id.';
COMMENT ON COLUMN marts.product_performance.margin_rank IS 'Place by margin_usd, 1 for the most; equal figures are ordered by product_id.';
COMMENT ON COLUMN marts.product_performance.category_rank IS 'Place by net_usd within the category of today.';

CREATE TABLE IF NOT EXISTS marts.customer_value (
    customer_id text PRIMARY KEY,
    segment text NOT NULL,
    country_code text,
    first_sold_on date NOT NULL,
    last_sold_on date NOT NULL,
    lifetime_days integer NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    net_per_order_usd numeric(18, 2) NOT NULL,
    recency_score integer,
    frequency_score integer,
    monetary_score integer,
    value_segment text NOT NULL
);
ALTER TABLE marts.customer_value
ADD COLUMN IF NOT EXISTS lifetime_days integer NOT NULL DEFAULT 0,
ADD COLUMN IF NOT EXISTS recency_score integer,
ADD COLUMN IF NOT EXISTS frequency_score integer,
ADD COLUMN IF NOT EXISTS monetary_score integer,
ADD COLUMN IF NOT EXISTS value_segment text NOT NULL DEFAULT 'unknown',
DROP COLUMN IF EXISTS recency_days,
ALTER COLUMN lifetime_days DROP DEFAULT,
ALTER COLUMN value_segment DROP DEFAULT;
COMMENT ON TABLE marts.customer_value IS 'One row a customer with sales; sales to unknown customers are the customer unknown.';
COMMENT ON COLUMN marts.customer_value.customer_id IS 'Number of the customer.';
COMMENT ON COLUMN marts.customer_value.segment IS 'Segment today.';
COMMENT ON COLUMN marts.customer_value.country_code IS 'Country today.';
COMMENT ON COLUMN marts.customer_value.first_sold_on IS 'Day of the first sale in UTC.';
COMMENT ON COLUMN marts.customer_value.last_sold_on IS 'Day of the last sale in UTC; days since then are CURRENT_DATE - last_sold_on.';
COMMENT ON COLUMN marts.customer_value.lifetime_days IS 'Days from the first sale of the customer to the last one.';
COMMENT ON COLUMN marts.customer_value.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.customer_value.units IS 'Pieces bought.';
COMMENT ON COLUMN marts.customer_value.net_usd IS 'What the customer paid, in US dollars.';
COMMENT ON COLUMN marts.customer_value.net_per_order_usd IS 'net_usd through orders, rounded half up to cents.';
COMMENT ON COLUMN marts.customer_value.recency_score IS 'Fifth by last_sold_on, 5 for the latest, the same for the same day; empty for the unknown one.';
COMMENT ON COLUMN marts.customer_value.frequency_score IS 'Fifth by orders, 5 for the most, the same for as many; empty for the unknown one.';
COMMENT ON COLUMN marts.customer_value.monetary_score IS 'Fifth by net_usd, 5 for the most, the same for as much; empty for the unknown one.';
COMMENT ON COLUMN marts.customer_value.value_segment IS 'By the scores: champion, loyal, recent, occasional, at_risk, dormant; or unknown.';

CREATE TABLE IF NOT EXISTS marts.daily_summary (
    run_key text PRIMARY KEY,
    summarised_at timestamptz NOT NULL,
    release bigint,
    outcome text NOT NULL,
    source_files integer NOT NULL,
    refused_files integer NOT NULL,
    source_records bigint NOT NULL,
    clean_records bigint NOT NULL,
    quarantined_records bigint NOT NULL,
    duplicate_records bigint NOT NULL,
    failed_checks integer NOT NULL,
    sales bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL
);
COMMENT ON TABLE marts.daily_summary IS 'One row a run: what it read, what became of it, and the warehouse it left behind.';
COMMENT ON COLUMN marts.daily_summary.run_key IS 'The DAG run.';
COMMENT ON COLUMN marts.daily_summary.summarised_at IS 'When the summary was written.';
COMMENT ON COLUMN marts.daily_summary.release IS
'The run''s own newest release; of a run that published none the one that stays, empty before the first.';
COMMENT ON COLUMN marts.daily_summary.outcome IS 'published, unchanged, stopped by a check, failed in a stage, or how far the run came.';
COMMENT ON COLUMN marts.daily_summary.source_files IS 'Files that the run found, known ones included.';
COMMENT ON COLUMN marts.daily_summary.refused_files IS 'Files that the run refused whole.';
COMMENT ON COLUMN marts.daily_summary.source_records IS 'Records of the files that the run accepted, and of earlier ones that it judged again.';
COMMENT ON COLUMN marts.daily_summary.clean_records IS 'Those that keep their contract.';
COMMENT ON COLUMN marts.daily_summary.quarantined_records IS 'Those that break it.';
COMMENT ON COLUMN marts.daily_summary.duplicate_records IS 'Those that repeat another one of their file.';
COMMENT ON COLUMN marts.daily_summary.failed_checks IS 'Quality checks of the run that failed, warnings included.';
COMMENT ON COLUMN marts.daily_summary.sales IS 'Sales in core.fct_sale in that release.';
COMMENT ON COLUMN marts.daily_summary.net_usd IS 'Their net_usd.';

ALTER TABLE marts.daily_summary ADD COLUMN IF NOT EXISTS triggered_by text;
COMMENT ON COLUMN marts.daily_summary.triggered_by IS 'Who triggered the run, or what: scheduled, backfill; empty where the pipeline ran without Airflow.';

CREATE TABLE IF NOT EXISTS quarantine.records (
    dataset text NOT NULL,
    batch_id text NOT NULL,
    record_number bigint NOT NULL,
    source_file text NOT NULL,
    raw text NOT NULL,
    reasons jsonb NOT NULL CHECK (JSONB_ARRAY_LENGTH(reasons) > 0),
    PRIMARY KEY (dataset, batch_id, record_number)
);
COMMENT ON TABLE quarantine.records IS 'One row a record that breaks today''s contract.';
COMMENT ON COLUMN quarantine.records.dataset IS 'Dataset of the source file.';
COMMENT ON COLUMN quarantine.records.batch_id IS 'sha256 of the source file.';
COMMENT ON COLUMN quarantine.records.record_number IS 'Place of the record in its file, from 1, header not counted.';
COMMENT ON COLUMN quarantine.records.source_file IS 'Name of the file when its content was first seen.';
COMMENT ON COLUMN quarantine.records.raw IS 'The record exactly as it stands in the file.';
COMMENT ON COLUMN quarantine.records.reasons IS 'Every reason, as "column: rule: value".';

CREATE SEQUENCE IF NOT EXISTS audit.token;

CREATE TABLE IF NOT EXISTS audit.runs (
    run_key text PRIMARY KEY,
    token bigint NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('claimed', 'loaded', 'audited', 'stopped', 'published', 'unchanged')),
    claimed_at timestamptz NOT NULL DEFAULT NOW(),
    load_manifest jsonb
);
COMMENT ON TABLE audit.runs IS 'One row a run that reached the warehouse; the fence of the publish protocol.';
COMMENT ON COLUMN audit.runs.run_key IS 'The DAG run.';
COMMENT ON COLUMN audit.runs.token IS 'Number of the newest attempt; only its holder may publish.';
COMMENT ON COLUMN audit.runs.state IS 'How far the newest attempt came.';
COMMENT ON COLUMN audit.runs.claimed_at IS 'When the newest attempt claimed its token.';
COMMENT ON COLUMN audit.runs.load_manifest IS 'What the attempt loaded: the mart''s fingerprint, batches, rows and parts, and which of them are in staging.';

ALTER TABLE audit.runs ADD COLUMN IF NOT EXISTS is_dry_run boolean NOT NULL DEFAULT FALSE;
COMMENT ON COLUMN audit.runs.is_dry_run IS 'Whether it was asked to publish nothing, and came to where it would have published.';

CREATE TABLE IF NOT EXISTS audit.stage_runs (
    run_key text NOT NULL,
    stage text NOT NULL,
    attempt integer NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'nothing new', 'failed')),
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    records_in bigint,
    records_out bigint,
    details jsonb,
    PRIMARY KEY (run_key, stage, attempt)
);
-- The live page walks it from the newest run to the next.
CREATE INDEX IF NOT EXISTS stage_runs_by_start ON audit.stage_runs (started_at);
COMMENT ON TABLE audit.stage_runs IS 'One row an attempt at a stage.';
COMMENT ON COLUMN audit.stage_runs.run_key IS 'The DAG run.';
COMMENT ON COLUMN audit.stage_runs.stage IS 'One of the eight stages.';
COMMENT ON COLUMN audit.stage_runs.attempt IS 'Counts from 1 within the run and stage.';
COMMENT ON COLUMN audit.stage_runs.state IS 'How the attempt ended; running also after a crash.';
COMMENT ON COLUMN audit.stage_runs.started_at IS 'When it began.';
COMMENT ON COLUMN audit.stage_runs.finished_at IS 'When it ended.';
COMMENT ON COLUMN audit.stage_runs.records_in IS 'Records or rows that it read.';
COMMENT ON COLUMN audit.stage_runs.records_out IS 'Records or rows that it wrote.';
COMMENT ON COLUMN audit.stage_runs.details IS 'Figures of this stage, or the error that ended it.';

ALTER TABLE audit.stage_runs ADD COLUMN IF NOT EXISTS peak_memory_bytes bigint;
ALTER TABLE audit.stage_runs
ADD COLUMN IF NOT EXISTS bytes_in bigint,
ADD COLUMN IF NOT EXISTS bytes_out bigint;
COMMENT ON COLUMN audit.stage_runs.bytes_in IS 'Size of what it read, as files; empty where it reads tables.';
COMMENT ON COLUMN audit.stage_runs.bytes_out IS 'Size of what it wrote, as files or as tables in staging.';
COMMENT ON COLUMN audit.stage_runs.peak_memory_bytes IS 'Most memory that the stage''s own process held, without Spark''s JVMs.';

-- By this runs have their order: a summary may be written again long after.
ALTER TABLE marts.daily_summary ADD COLUMN IF NOT EXISTS started_at timestamptz;
UPDATE marts.daily_summary AS told
SET
    started_at = COALESCE(
        (
            SELECT MIN(stage_run.started_at)
            FROM audit.stage_runs AS stage_run
            WHERE stage_run.run_key = told.run_key
        ), told.summarised_at
    )
WHERE told.started_at IS NULL;
ALTER TABLE marts.daily_summary ALTER COLUMN started_at SET NOT NULL;
DROP INDEX IF EXISTS marts.daily_summary_by_time;
CREATE INDEX IF NOT EXISTS daily_summary_by_start ON marts.daily_summary (started_at);
COMMENT ON COLUMN marts.daily_summary.started_at IS 'When the run began its first stage.';

CREATE TABLE IF NOT EXISTS audit.source_files (
    run_key text NOT NULL,
    file_name text NOT NULL,
    dataset text,
    batch_id text,
    state text NOT NULL,
    reason text,
    size_bytes bigint,
    records bigint,
    recorded_at timestamptz NOT NULL DEFAULT NOW(),
    CONSTRAINT source_files_once UNIQUE NULLS NOT DISTINCT (run_key, file_name, batch_id)
);
-- Not in the statement above: a warehouse that was made when no file could be ignored gets them too.
ALTER TABLE audit.source_files
ALTER COLUMN dataset DROP NOT NULL,
DROP CONSTRAINT IF EXISTS source_files_state_check,
DROP CONSTRAINT IF EXISTS source_files_check,
DROP CONSTRAINT IF EXISTS source_files_dataset_check,
ADD CONSTRAINT source_files_state_check CHECK (state IN ('landed', 'seen', 'refused', 'ignored')),
ADD CONSTRAINT source_files_check CHECK ((state IN ('refused', 'ignored')) = (reason IS NOT NULL)),
ADD CONSTRAINT source_files_dataset_check CHECK ((state = 'ignored') = (dataset IS NULL));
-- A file may be replaced between two tries of a run: a warehouse that was made when a run had one row a name gets a row
-- for each content.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_constraint WHERE conname = 'source_files_pkey' AND conrelid = 'audit.source_files'::regclass) THEN
        ALTER TABLE audit.source_files
        DROP CONSTRAINT source_files_pkey,
        ADD CONSTRAINT source_files_once UNIQUE NULLS NOT DISTINCT (run_key, file_name, batch_id);
    END IF;
END
$$;
COMMENT ON TABLE audit.source_files IS 'One row a source file that a run found, and content that it had.';
COMMENT ON COLUMN audit.source_files.run_key IS 'The DAG run.';
COMMENT ON COLUMN audit.source_files.file_name IS 'Name of the file in data/raw.';
COMMENT ON COLUMN audit.source_files.dataset IS 'Dataset whose contract matches the name; empty where none does.';
COMMENT ON COLUMN audit.source_files.batch_id IS 'sha256 of its content; empty where it could not be read.';
COMMENT ON COLUMN audit.source_files.state IS 'landed: new; seen: these bytes landed before; refused: not trusted; ignored: no contract matches its name.';
COMMENT ON COLUMN audit.source_files.reason IS 'Why it was refused or ignored, and what to do.';
COMMENT ON COLUMN audit.source_files.size_bytes IS 'Size in bytes.';
COMMENT ON COLUMN audit.source_files.records IS 'Records, header not counted.';
COMMENT ON COLUMN audit.source_files.recorded_at IS 'When the run looked at it.';

CREATE TABLE IF NOT EXISTS audit.batch_ledger (
    dataset text NOT NULL,
    batch_id text NOT NULL,
    contract_id text NOT NULL,
    source_file text NOT NULL,
    source_records bigint NOT NULL,
    clean_records bigint NOT NULL,
    quarantined_records bigint NOT NULL,
    duplicate_records bigint NOT NULL,
    source_cents numeric NOT NULL,
    clean_cents numeric NOT NULL,
    quarantined_cents numeric NOT NULL,
    duplicate_cents numeric NOT NULL,
    judged_at timestamptz NOT NULL DEFAULT NOW(),
    PRIMARY KEY (dataset, batch_id, contract_id),
    CONSTRAINT every_record_accounted_for CHECK (source_records = clean_records + quarantined_records + duplicate_records),
    CONSTRAINT every_cent_accounted_for CHECK (source_cents = clean_cents + quarantined_cents + duplicate_cents)
);
COMMENT ON TABLE audit.batch_ledger IS 'One row a batch and contract: where its records and cents went.';
COMMENT ON COLUMN audit.batch_ledger.dataset IS 'Dataset of the batch.';
COMMENT ON COLUMN audit.batch_ledger.batch_id IS 'sha256 of the source file.';
COMMENT ON COLUMN audit.batch_ledger.contract_id IS 'Fingerprint of the contract that judged it.';
COMMENT ON COLUMN audit.batch_ledger.source_file IS 'Name of the file when its content was first seen.';
COMMENT ON COLUMN audit.batch_ledger.source_records IS 'Records counted in the bytes of the file.';
COMMENT ON COLUMN audit.batch_ledger.clean_records IS 'Records that keep the contract.';
COMMENT ON COLUMN audit.batch_ledger.quarantined_records IS 'Records that break it.';
COMMENT ON COLUMN audit.batch_ledger.duplicate_records IS 'Records that repeat another one of the batch.';
COMMENT ON COLUMN audit.batch_ledger.source_cents IS 'Sum of the ledger amount over all records where it is well-formed, in cents.';
COMMENT ON COLUMN audit.batch_ledger.clean_cents IS 'Its part in clean records.';
COMMENT ON COLUMN audit.batch_ledger.quarantined_cents IS 'Its part in quarantined records.';
COMMENT ON COLUMN audit.batch_ledger.duplicate_cents IS 'Its part in duplicates.';
COMMENT ON COLUMN audit.batch_ledger.judged_at IS 'When this contract judged the batch or came back into force; the latest row counts.';
-- Ledgers of before it stood here have none.
ALTER TABLE audit.batch_ledger ADD COLUMN IF NOT EXISTS run_key text;
COMMENT ON COLUMN audit.batch_ledger.run_key IS 'The DAG run that did so last.';

CREATE OR REPLACE VIEW audit.run_ledgers AS
SELECT DISTINCT ON (looked_at.run_key, looked_at.dataset, looked_at.batch_id)
    looked_at.run_key,
    looked_at.dataset,
    looked_at.batch_id,
    looked_at.is_found,
    ledger.contract_id,
    ledger.source_file,
    ledger.source_records,
    ledger.clean_records,
    ledger.quarantined_records,
    ledger.duplicate_records
FROM (
    SELECT
        run_key,
        dataset,
        batch_id,
        TRUE AS is_found
    FROM audit.source_files
    WHERE batch_id IS NOT NULL
    UNION ALL
    SELECT
        run_key,
        dataset,
        batch_id,
        FALSE AS is_found
    FROM audit.batch_ledger
    WHERE run_key IS NOT NULL
) AS looked_at
INNER JOIN audit.batch_ledger AS ledger ON looked_at.dataset = ledger.dataset AND looked_at.batch_id = ledger.batch_id
ORDER BY
    looked_at.run_key ASC, looked_at.dataset ASC, looked_at.batch_id ASC, looked_at.is_found DESC, ledger.judged_at DESC;
COMMENT ON VIEW audit.run_ledgers IS 'One row a run and batch that it found or judged: what the contract that judged the batch last made of the records.';
COMMENT ON COLUMN audit.run_ledgers.run_key IS 'The DAG run.';
COMMENT ON COLUMN audit.run_ledgers.dataset IS 'Dataset of the batch.';
COMMENT ON COLUMN audit.run_ledgers.batch_id IS 'sha256 of the source file.';
COMMENT ON COLUMN audit.run_ledgers.is_found IS 'Whether the run found a file of this content; else it judged what an earlier run had found.';
COMMENT ON COLUMN audit.run_ledgers.contract_id IS 'Fingerprint of the contract.';
COMMENT ON COLUMN audit.run_ledgers.source_file IS 'Name of the file when its content was first seen.';
COMMENT ON COLUMN audit.run_ledgers.source_records IS 'Records of the file.';
COMMENT ON COLUMN audit.run_ledgers.clean_records IS 'Those that keep the contract.';
COMMENT ON COLUMN audit.run_ledgers.quarantined_records IS 'Those that break it.';
COMMENT ON COLUMN audit.run_ledgers.duplicate_records IS 'Those that repeat another record of the file.';

CREATE TABLE IF NOT EXISTS audit.quality_results (
    run_key text NOT NULL,
    token bigint NOT NULL,
    check_name text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warn')),
    is_passed boolean NOT NULL,
    message text NOT NULL,
    offenders json NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT NOW(),
    PRIMARY KEY (run_key, token, check_name)
);
-- jsonb would give a row's columns in an order of its own; a warehouse that was made so keeps what it has.
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'audit.quality_results'::regclass AND attname = 'offenders' AND atttypid = 'jsonb'::regtype
    ) THEN
        ALTER TABLE audit.quality_results ALTER COLUMN offenders TYPE json;
    END IF;
END
$$;
COMMENT ON TABLE audit.quality_results IS 'One row a check of an attempt, as it was judged last.';
COMMENT ON COLUMN audit.quality_results.run_key IS 'The DAG run.';
COMMENT ON COLUMN audit.quality_results.token IS 'The attempt whose staging was checked.';
COMMENT ON COLUMN audit.quality_results.check_name IS 'Name of the check; docs/runbook.md has an entry for each.';
COMMENT ON COLUMN audit.quality_results.severity IS 'error stops the publish, warn tells.';
COMMENT ON COLUMN audit.quality_results.is_passed IS 'Whether the check passed.';
COMMENT ON COLUMN audit.quality_results.message IS 'What was found.';
COMMENT ON COLUMN audit.quality_results.offenders IS 'Up to ten offending rows, their columns as the check names them.';
COMMENT ON COLUMN audit.quality_results.checked_at IS 'When it was judged.';

CREATE TABLE IF NOT EXISTS audit.figures (
    token bigint NOT NULL,
    figure text NOT NULL,
    measured double precision NOT NULL,
    measured_at timestamptz NOT NULL DEFAULT NOW(),
    PRIMARY KEY (token, figure)
);
COMMENT ON TABLE audit.figures IS 'One row a figure of an attempt that has a history: volumes, rates and distributions.';
COMMENT ON COLUMN audit.figures.token IS 'The attempt that was measured; only those of releases that still stand are history.';
COMMENT ON COLUMN audit.figures.figure IS 'What was measured.';
COMMENT ON COLUMN audit.figures.measured IS 'Records, a share from 0 to 1, or a value in the unit of its column.';
COMMENT ON COLUMN audit.figures.measured_at IS 'When it was measured.';

CREATE TABLE IF NOT EXISTS audit.releases (
    release bigint PRIMARY KEY,
    run_key text NOT NULL,
    token bigint NOT NULL UNIQUE,
    fingerprint text NOT NULL,
    published_at timestamptz NOT NULL DEFAULT NOW()
);
COMMENT ON TABLE audit.releases IS 'One row a publish that made something visible.';
COMMENT ON COLUMN audit.releases.release IS 'Number of the release, without gaps.';
COMMENT ON COLUMN audit.releases.run_key IS 'The DAG run that published it.';
COMMENT ON COLUMN audit.releases.token IS 'The attempt that published it.';
COMMENT ON COLUMN audit.releases.fingerprint IS 'Fingerprint of everything the release was computed from.';
COMMENT ON COLUMN audit.releases.published_at IS 'When it became visible.';

CREATE TABLE IF NOT EXISTS audit.release_batches (
    release bigint NOT NULL REFERENCES audit.releases,
    dataset text NOT NULL,
    batch_id text NOT NULL,
    PRIMARY KEY (release, dataset, batch_id)
);
COMMENT ON TABLE audit.release_batches IS 'One row a batch in a release: the load manifest. Kept as long as the release can be restored.';
COMMENT ON COLUMN audit.release_batches.release IS 'Number of the release.';
COMMENT ON COLUMN audit.release_batches.dataset IS 'Dataset of the batch.';
COMMENT ON COLUMN audit.release_batches.batch_id IS 'sha256 of the source file.';
-- Releases of before it stood here have none.
ALTER TABLE audit.release_batches ADD COLUMN IF NOT EXISTS contract_id text;
COMMENT ON COLUMN audit.release_batches.contract_id IS 'Fingerprint of the contract that judged the batch for it; where empty, the last judgement counts.';

CREATE OR REPLACE VIEW audit.visible_ledgers AS
SELECT DISTINCT ON (held.dataset, held.batch_id)
    held.dataset,
    held.batch_id,
    ledger.source_file,
    ledger.source_records,
    ledger.clean_records,
    ledger.quarantined_records,
    ledger.duplicate_records
FROM audit.release_batches AS held
INNER JOIN audit.batch_ledger AS ledger
    ON
        held.dataset = ledger.dataset
        AND held.batch_id = ledger.batch_id
        AND (held.contract_id IS NULL OR held.contract_id = ledger.contract_id)
WHERE held.release = (SELECT MAX(newest.release) FROM audit.releases AS newest)
ORDER BY held.dataset ASC, held.batch_id ASC, ledger.judged_at DESC;
COMMENT ON VIEW audit.visible_ledgers IS 'One row a batch of the newest release: what the contract by which it was computed made of the records.';
COMMENT ON COLUMN audit.visible_ledgers.dataset IS 'Dataset of the batch.';
COMMENT ON COLUMN audit.visible_ledgers.batch_id IS 'sha256 of the source file.';
COMMENT ON COLUMN audit.visible_ledgers.source_file IS 'Name of the file when its content was first seen.';
COMMENT ON COLUMN audit.visible_ledgers.source_records IS 'Records of the file.';
COMMENT ON COLUMN audit.visible_ledgers.clean_records IS 'Those that keep the contract.';
COMMENT ON COLUMN audit.visible_ledgers.quarantined_records IS 'Those that break it.';
COMMENT ON COLUMN audit.visible_ledgers.duplicate_records IS 'Those that repeat another record of the file.';

CREATE TABLE IF NOT EXISTS audit.release_parts (
    release bigint NOT NULL REFERENCES audit.releases,
    table_name text NOT NULL,
    month text NOT NULL,
    fingerprint text NOT NULL,
    PRIMARY KEY (release, table_name, month)
);
COMMENT ON TABLE audit.release_parts IS 'One row a table of a release, or a month of one: what the next load may leave out. Kept as long as history is.';
COMMENT ON COLUMN audit.release_parts.release IS 'Number of the release.';
COMMENT ON COLUMN audit.release_parts.table_name IS 'Schema and name of the table.';
COMMENT ON COLUMN audit.release_parts.month IS 'Month, as 2025-03, where the mart holds the table by month; else empty text.';
COMMENT ON COLUMN audit.release_parts.fingerprint IS 'Fingerprint of the rows in the mart.';

CREATE TABLE IF NOT EXISTS audit.measured_parts (
    table_name text NOT NULL,
    month text NOT NULL,
    fingerprint text NOT NULL,
    asked text NOT NULL,
    measured jsonb NOT NULL,
    PRIMARY KEY (table_name, month, fingerprint, asked)
);
-- Its name before it was of tables without months, too.
DROP TABLE IF EXISTS audit.measured_months;
COMMENT ON TABLE audit.measured_parts IS
'One row a table of a dataset, or a month of one: what the checks counted in it. Kept as long as a release holds it.';
COMMENT ON COLUMN audit.measured_parts.table_name IS 'Schema and name of the table.';
COMMENT ON COLUMN audit.measured_parts.month IS 'Month, as 2025-03, where the mart holds the table by month; else empty text.';
COMMENT ON COLUMN audit.measured_parts.fingerprint IS 'Fingerprint of the rows in the mart.';
COMMENT ON COLUMN audit.measured_parts.asked IS 'Fingerprint of what was asked, the rules of the contracts and checks, and of audit.foreign_writes.';
COMMENT ON COLUMN audit.measured_parts.measured IS 'Rows, records, cents, net cents, records of unknown members, records that break each rule.';

CREATE SEQUENCE IF NOT EXISTS audit.foreign_writes;
COMMENT ON SEQUENCE audit.foreign_writes IS 'Goes on with every statement by which somebody else than a release writes to the table of a dataset.';

CREATE OR REPLACE FUNCTION audit.note_foreign_write() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF COALESCE(CURRENT_SETTING('batch_etl.is_release', TRUE), '') != 'on' THEN
        -- Checks that count meanwhile, and cannot see what is written, remember nothing that holds after it.
        PERFORM PG_ADVISORY_XACT_LOCK_SHARED(HASHTEXT('batch_etl.measure'));
        -- Seen at once, whatever becomes of the transaction, and by whatever snapshot.
        PERFORM NEXTVAL('audit.foreign_writes');
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION audit.note_foreign_write IS 'Let the next checks count everything again, unless it is a release that writes.';

CREATE OR REPLACE FUNCTION audit.watch(published regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = published AND tgname = 'note_foreign_write') THEN
        EXECUTE FORMAT(
            'CREATE TRIGGER note_foreign_write AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %s '
            'FOR EACH STATEMENT EXECUTE FUNCTION audit.note_foreign_write()', published
        );
    END IF;
END;
$$;
COMMENT ON FUNCTION audit.watch IS 'Note who else than a release writes to this table: partitions need it each.';

-- Those of contracts and of months that come later are watched as they are made.
SELECT audit.watch(oid)
FROM pg_class
WHERE
    relnamespace = 'core'::regnamespace
    AND relkind IN ('r', 'p')
    AND relowner = CURRENT_USER::regrole;

CREATE TABLE IF NOT EXISTS audit.release_changes (
    release bigint NOT NULL REFERENCES audit.releases,
    table_name text NOT NULL,
    rows_inserted bigint NOT NULL,
    rows_updated bigint NOT NULL,
    rows_deleted bigint NOT NULL,
    PRIMARY KEY (release, table_name)
);
COMMENT ON TABLE audit.release_changes IS 'One row a table of a release: what it changed.';
COMMENT ON COLUMN audit.release_changes.release IS 'Number of the release.';
COMMENT ON COLUMN audit.release_changes.table_name IS 'Schema and name of the table.';
COMMENT ON COLUMN audit.release_changes.rows_inserted IS 'Rows that are new.';
COMMENT ON COLUMN audit.release_changes.rows_updated IS 'Rows with another content than before.';
COMMENT ON COLUMN audit.release_changes.rows_deleted IS 'Rows that are gone.';

ALTER TABLE audit.releases
ADD COLUMN IF NOT EXISTS restored_from bigint REFERENCES audit.releases,
ADD COLUMN IF NOT EXISTS is_pinned boolean NOT NULL DEFAULT FALSE,
ADD COLUMN IF NOT EXISTS has_history boolean NOT NULL DEFAULT FALSE,
ADD COLUMN IF NOT EXISTS foreign_writes bigint NOT NULL DEFAULT 0,
ADD COLUMN IF NOT EXISTS table_rows jsonb;
COMMENT ON COLUMN audit.releases.restored_from IS 'The earlier release whose content this one put back; empty for a publish.';
COMMENT ON COLUMN audit.releases.is_pinned IS 'Whether runs leave it alone until there are new batches, contracts or code: so after a restore.';
COMMENT ON COLUMN audit.releases.has_history IS 'Whether history.* still holds what this release replaced.';
COMMENT ON COLUMN audit.releases.foreign_writes IS
'Where audit.foreign_writes stood when everything was last compared: what others wrote before is undone.';
COMMENT ON COLUMN audit.releases.table_rows IS 'Rows of each table after it; empty in restored releases, and in those of before it stood here.';

ALTER TABLE audit.release_changes
ADD COLUMN IF NOT EXISTS sums jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN audit.release_changes.sums IS 'By how much the sum of each column in US dollars changed.';

CREATE TABLE IF NOT EXISTS history.new_parts (
    release bigint NOT NULL REFERENCES audit.releases,
    table_name text NOT NULL,
    month date,
    UNIQUE NULLS NOT DISTINCT (table_name, month)
);
COMMENT ON TABLE history.new_parts IS 'One row a part of a table that came whole with a release: its rows are not listed one by one.';
COMMENT ON COLUMN history.new_parts.release IS 'The release it came with.';
COMMENT ON COLUMN history.new_parts.table_name IS 'Schema and name of the table.';
COMMENT ON COLUMN history.new_parts.month IS 'First day of the month of a partitioned table; empty for a table as a whole.';

CREATE OR REPLACE FUNCTION history.follow(published regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    kept text := (SELECT FORMAT('history.%I', relname) FROM pg_class WHERE oid = published);
    lacking record;
BEGIN
    IF TO_REGCLASS(kept) IS NULL THEN
        EXECUTE FORMAT(
            'CREATE TABLE %s (_release bigint NOT NULL, _change text NOT NULL '
            'CHECK (_change IN (''insert'', ''update'', ''delete'')))', kept
        );
        EXECUTE FORMAT('CREATE INDEX ON %s (_release)', kept);
        EXECUTE FORMAT('COMMENT ON TABLE %s IS %L', kept, FORMAT(
            'One row a row of %s that a release changed: what it was before; of an inserted row the key alone.', published
        ));
        EXECUTE FORMAT('COMMENT ON COLUMN %s._release IS %L', kept, 'The release that changed the row.');
        EXECUTE FORMAT('COMMENT ON COLUMN %s._change IS %L', kept, 'What it did to the row: insert, update or delete.');
    END IF;
    FOR lacking IN
        SELECT attname, FORMAT_TYPE(atttypid, atttypmod) AS type, COL_DESCRIPTION(published, attnum) AS description
        FROM pg_attribute
        WHERE attrelid = published AND attnum > 0 AND NOT attisdropped AND attname NOT IN (
            SELECT attname FROM pg_attribute WHERE attrelid = kept::regclass AND NOT attisdropped
        )
        ORDER BY attnum
    LOOP
        EXECUTE FORMAT('ALTER TABLE %s ADD COLUMN %I %s', kept, lacking.attname, lacking.type);
        EXECUTE FORMAT('COMMENT ON COLUMN %s.%I IS %L', kept, lacking.attname, lacking.description);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION history.follow IS 'Make the history table of a published table, or give it the columns that it lacks.';

CREATE OR REPLACE FUNCTION history.old_parts(published regclass, in_release bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT COALESCE(
        'NOT (' || STRING_AGG(
            CASE
                WHEN part.month IS NULL THEN 'TRUE'
                ELSE FORMAT('%1$I >= %2$L AND %1$I < %3$L', attname, part.month, (part.month + '1 month'::interval)::date)
            END, ' OR '
        ) || ')', 'TRUE'
    )
    FROM history.new_parts AS part
    LEFT JOIN pg_partitioned_table ON partrelid = published
    LEFT JOIN pg_attribute ON attrelid = published AND attnum = partattrs[0]
    WHERE part.table_name = published::text AND part.release > in_release
$$;
COMMENT ON FUNCTION history.old_parts IS 'The condition that holds for rows in the parts of a table that a release had already.';

CREATE OR REPLACE FUNCTION history.as_of(published anyelement, in_release bigint, changed_since bigint DEFAULT NULL)
RETURNS SETOF anyelement LANGUAGE plpgsql STABLE AS $$
DECLARE
    place regclass := (SELECT typrelid FROM pg_type WHERE oid = PG_TYPEOF(published));
    kept text := (SELECT FORMAT('history.%I', relname) FROM pg_class WHERE oid = place);
    today text := FORMAT('%s AS today', place);
    key text;
    same_key text;
    all_columns text;
    missing bigint := (
        SELECT MAX(release) FROM audit.releases WHERE release > LEAST(in_release, changed_since) AND NOT has_history
    );
BEGIN
    IF NOT EXISTS (SELECT FROM audit.releases WHERE release = in_release) OR TO_REGCLASS(kept) IS NULL THEN
        RAISE no_data_found USING MESSAGE = FORMAT('there is no release %s of %s', in_release, place);
    END IF;
    IF missing IS NOT NULL THEN
        RAISE no_data_found USING MESSAGE = FORMAT(
            'release %s can no longer be seen: what release %s replaced is not kept', LEAST(in_release, changed_since), missing
        );
    END IF;
    SELECT STRING_AGG(QUOTE_IDENT(attname), ', '), STRING_AGG(FORMAT('today.%1$I = changed.%1$I', attname), ' AND ')
    INTO key, same_key
    FROM pg_index INNER JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY(indkey)
    WHERE indrelid = place AND indisprimary;
    SELECT STRING_AGG(QUOTE_IDENT(attname), ', ' ORDER BY attnum) INTO all_columns
    FROM pg_attribute WHERE attrelid = place AND attnum > 0 AND NOT attisdropped;

    IF changed_since IS NOT NULL THEN
        today := FORMAT(
            '(SELECT * FROM %1$s WHERE NOT (%2$s) UNION ALL SELECT * FROM %1$s AS today WHERE %2$s '
            'AND EXISTS (SELECT FROM %3$s AS changed WHERE changed._release > %4$s AND %5$s)) AS today',
            place, history.old_parts(place, changed_since), kept, changed_since, same_key
        );
    END IF;
    RETURN QUERY EXECUTE FORMAT(
        'SELECT %1$s FROM %2$s WHERE %3$s '
        'AND NOT EXISTS (SELECT FROM %4$s AS changed WHERE changed._release > %5$s AND %6$s) '
        'UNION ALL SELECT %1$s FROM (SELECT DISTINCT ON (%7$s) * FROM %4$s WHERE _release > %5$s AND %3$s '
        'ORDER BY %7$s, _release) AS first_change WHERE _change <> ''insert''',
        all_columns, today, history.old_parts(place, in_release), kept, in_release, same_key, key
    );
END;
$$;
COMMENT ON FUNCTION history.as_of IS
'The rows of a published table in an earlier release: SELECT * FROM history.as_of(NULL::core.fct_sale, 3).
With changed_since only those that were changed after that release, at the cost of what changed.';

-- Columns that were added to published tables come into their history as well.
SELECT history.follow(published.oid)
FROM pg_class AS published
INNER JOIN pg_class AS followed ON published.relname = followed.relname
WHERE
    followed.relnamespace = 'history'::regnamespace
    AND published.relnamespace::regnamespace::text IN ('core', 'marts', 'quarantine')
    AND published.relkind IN ('r', 'p');

CREATE TABLE IF NOT EXISTS audit.outbox (
    message_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_key text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('info', 'warn', 'error')),
    subject text NOT NULL,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT NOW(),
    sent_at timestamptz,
    UNIQUE (run_key, kind)
);
-- Not in the statement above: a warehouse that was made when a message had one delivery loses them too.
ALTER TABLE audit.outbox
DROP COLUMN IF EXISTS attempts,
DROP COLUMN IF EXISTS last_error;
CREATE INDEX IF NOT EXISTS outbox_waiting ON audit.outbox (message_id) WHERE sent_at IS NULL;
COMMENT ON TABLE audit.outbox IS 'One row a message, written in the transaction that it reports on.';
COMMENT ON COLUMN audit.outbox.message_id IS 'Number of the message.';
COMMENT ON COLUMN audit.outbox.run_key IS 'The DAG run it is about.';
COMMENT ON COLUMN audit.outbox.kind IS
'What happened: release_3_published, or incident_7_opened, incident_7_worse and incident_7_recovered; a run says each once.';
COMMENT ON COLUMN audit.outbox.severity IS 'info, warn or error.';
COMMENT ON COLUMN audit.outbox.subject IS 'One line.';
COMMENT ON COLUMN audit.outbox.body IS 'The message as text.';
COMMENT ON COLUMN audit.outbox.created_at IS 'When it was written.';
COMMENT ON COLUMN audit.outbox.sent_at IS 'When every channel had taken it; empty while it waits.';

CREATE TABLE IF NOT EXISTS audit.channels (
    channel text PRIMARY KEY,
    known_since timestamptz NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    next_try_at timestamptz,
    last_error text
);
COMMENT ON TABLE audit.channels IS 'One row a place that messages go to; who sends holds its lock.';
COMMENT ON COLUMN audit.channels.channel IS 'log, or scheme and fingerprint of an address of NOTIFY_URLS: the address itself holds secrets.';
COMMENT ON COLUMN audit.channels.known_since IS 'When it was first sent to.';
COMMENT ON COLUMN audit.channels.failures IS 'How often in a row it took nothing.';
COMMENT ON COLUMN audit.channels.failing_since IS 'Since when; empty while it takes messages.';
COMMENT ON COLUMN audit.channels.next_try_at IS 'When it is tried again; later after each failure.';
COMMENT ON COLUMN audit.channels.last_error IS 'Why the last try failed.';

CREATE TABLE IF NOT EXISTS audit.deliveries (
    message_id bigint NOT NULL REFERENCES audit.outbox,
    channel text NOT NULL REFERENCES audit.channels,
    parcel uuid,
    attempts integer NOT NULL DEFAULT 0,
    taken_at timestamptz,
    PRIMARY KEY (message_id, channel)
);
CREATE INDEX IF NOT EXISTS deliveries_waiting ON audit.deliveries (channel, message_id) WHERE taken_at IS NULL;
COMMENT ON TABLE audit.deliveries IS 'One row a message and a channel that is to have it.';
COMMENT ON COLUMN audit.deliveries.message_id IS 'Number of the message.';
COMMENT ON COLUMN audit.deliveries.channel IS 'Where it goes.';
COMMENT ON COLUMN audit.deliveries.parcel IS 'Messages that go out as one; the idempotency key, recorded before the first try.';
COMMENT ON COLUMN audit.deliveries.attempts IS 'How often it was tried.';
COMMENT ON COLUMN audit.deliveries.taken_at IS 'When the channel took it; empty while it waits.';

CREATE TABLE IF NOT EXISTS audit.incidents (
    incident_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    cause text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('warn', 'error')),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'recovered')),
    subject text NOT NULL,
    occurrences bigint NOT NULL,
    first_seen_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    run_key text NOT NULL,
    details jsonb NOT NULL,
    runbook text NOT NULL,
    acknowledged_by text,
    acknowledged_at timestamptz,
    recovered_at timestamptz
);
CREATE UNIQUE INDEX IF NOT EXISTS incidents_going_on ON audit.incidents (kind, cause) WHERE state <> 'recovered';
COMMENT ON TABLE audit.incidents IS 'One row an incident: what is wrong for one cause, from its first sign to its recovery.';
COMMENT ON COLUMN audit.incidents.incident_id IS 'Number of the incident.';
COMMENT ON COLUMN audit.incidents.kind IS 'What kind; docs/runbook.md has an entry for each.';
COMMENT ON COLUMN audit.incidents.cause IS 'Fingerprint of the cause; only one incident of a kind and cause goes on at a time.';
COMMENT ON COLUMN audit.incidents.severity IS 'warn or error: the gravest that was told.';
COMMENT ON COLUMN audit.incidents.state IS 'open; acknowledged: somebody is at it; recovered: over.';
COMMENT ON COLUMN audit.incidents.subject IS 'One line: what was wrong last.';
COMMENT ON COLUMN audit.incidents.occurrences IS 'How many failures it stands for.';
COMMENT ON COLUMN audit.incidents.first_seen_at IS 'When the first of them happened.';
COMMENT ON COLUMN audit.incidents.last_seen_at IS 'When the last of them happened.';
COMMENT ON COLUMN audit.incidents.run_key IS 'The DAG run of the last of them; empty where it is about none.';
COMMENT ON COLUMN audit.incidents.details IS 'Where it happened, and messages in full.';
COMMENT ON COLUMN audit.incidents.runbook IS 'Heading in docs/runbook.md that tells what to do.';
COMMENT ON COLUMN audit.incidents.acknowledged_by IS 'Who is at it.';
COMMENT ON COLUMN audit.incidents.acknowledged_at IS 'Since when.';
COMMENT ON COLUMN audit.incidents.recovered_at IS 'When it was seen to be over.';

-- reader reads core, marts and masked, but no table with personal data: which of those that hold the star have some is told
-- by contracts, and follow_contracts grants them or a view in masked. Only what the role that runs this owns can be granted
-- by it; where nobody has made the role, there is nobody to grant to.
DO $$
DECLARE
    readable regclass;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') THEN
        RETURN;
    END IF;
    GRANT USAGE ON SCHEMA core, marts, masked TO reader;
    -- Of tables that are added below.
    ALTER DEFAULT PRIVILEGES IN SCHEMA marts GRANT SELECT ON TABLES TO reader;
    FOR readable IN
        SELECT oid FROM pg_class
        WHERE relnamespace::regnamespace::text IN ('core', 'marts', 'masked')
            AND relkind IN ('r', 'p', 'v')
            AND NOT relispartition
            AND relowner = current_user::regrole
            AND NOT (
                relnamespace::regnamespace::text IN ('core', 'marts')
                AND (
                    relname IN ('dim_customer', 'dim_product', 'fct_sale')
                    OR TO_REGCLASS(FORMAT('masked.%I', relname)) IS NOT NULL
                )
            )
    LOOP
        EXECUTE FORMAT('GRANT SELECT ON %s TO reader', readable);
    END LOOP;
END;
$$;
