-- Purpose: every schema, table and key of the warehouse, with a comment on each column.
-- Safe to run again: creates what is missing and changes nothing that is there.
-- Columns that come from a source file are described in config/contracts; a test holds both equal.

CREATE SCHEMA IF NOT EXISTS staging;
CREATE SCHEMA IF NOT EXISTS core;
CREATE SCHEMA IF NOT EXISTS marts;
CREATE SCHEMA IF NOT EXISTS quarantine;
CREATE SCHEMA IF NOT EXISTS audit;

COMMENT ON SCHEMA staging IS 'Tables of runs that are not published yet; the number at the end of a name is the token of its attempt.';
COMMENT ON SCHEMA core IS 'Published dimensions and facts. Only a publish writes here.';
COMMENT ON SCHEMA marts IS 'Published key figures, computed from core.';
COMMENT ON SCHEMA quarantine IS 'Records that break their contract, with every reason.';
COMMENT ON SCHEMA audit IS 'What ran, what it read, what it refused and what it made visible.';

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
    UNIQUE (customer_id, valid_from_utc),
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
    UNIQUE (product_id, valid_from_utc),
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
    net_rank integer NOT NULL
);
COMMENT ON TABLE marts.product_performance IS 'One row a product, also without sales; sales of unknown products are the product unknown.';
COMMENT ON COLUMN marts.product_performance.product_id IS 'Number of the product.';
COMMENT ON COLUMN marts.product_performance.product_name IS 'Name as printed in the catalogue today.';
COMMENT ON COLUMN marts.product_performance.category IS 'Category today.';
COMMENT ON COLUMN marts.product_performance.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.product_performance.units IS 'Pieces sold.';
COMMENT ON COLUMN marts.product_performance.net_usd IS 'What the customers paid, in US dollars.';
COMMENT ON COLUMN marts.product_performance.cost_usd IS 'What the pieces cost us at the time of the sale; empty for the unknown product.';
COMMENT ON COLUMN marts.product_performance.margin_usd IS 'net_usd less cost_usd; empty for the unknown product.';
COMMENT ON COLUMN marts.product_performance.net_rank IS 'Place by net_usd, 1 for the most; equal figures are ordered by product_id.';

CREATE TABLE IF NOT EXISTS marts.customer_value (
    customer_id text PRIMARY KEY,
    segment text NOT NULL,
    country_code text,
    first_sold_on date NOT NULL,
    last_sold_on date NOT NULL,
    recency_days integer NOT NULL,
    orders bigint NOT NULL,
    units bigint NOT NULL,
    net_usd numeric(18, 2) NOT NULL,
    net_per_order_usd numeric(18, 2) NOT NULL
);
COMMENT ON TABLE marts.customer_value IS 'One row a customer with sales; sales to unknown customers are the customer unknown.';
COMMENT ON COLUMN marts.customer_value.customer_id IS 'Number of the customer.';
COMMENT ON COLUMN marts.customer_value.segment IS 'Segment today.';
COMMENT ON COLUMN marts.customer_value.country_code IS 'Country today.';
COMMENT ON COLUMN marts.customer_value.first_sold_on IS 'Day of the first sale in UTC.';
COMMENT ON COLUMN marts.customer_value.last_sold_on IS 'Day of the last sale in UTC.';
COMMENT ON COLUMN marts.customer_value.recency_days IS 'Days from the last sale of the customer to the last sale of all.';
COMMENT ON COLUMN marts.customer_value.orders IS 'Number of sales.';
COMMENT ON COLUMN marts.customer_value.units IS 'Pieces bought.';
COMMENT ON COLUMN marts.customer_value.net_usd IS 'What the customer paid, in US dollars.';
COMMENT ON COLUMN marts.customer_value.net_per_order_usd IS 'net_usd through orders, rounded half up to cents.';
