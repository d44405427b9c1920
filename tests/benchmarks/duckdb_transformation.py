"""The same star and marts by DuckDB, from the same clean records, as Parquet; nothing is taken over.

usage: duckdb_transformation.py transform CUSTOMERS PRODUCTS SALES OUT QUERIES
       duckdb_transformation.py compare OUR_MART THEIR_OUT
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

_DIMENSION = """
CREATE TABLE dim_{name} AS
WITH changes AS (
    SELECT * FROM '{{{name}s}}/*.parquet'
    QUALIFY {content} IS DISTINCT FROM LAG({content}) OVER (PARTITION BY {name}_id ORDER BY updated_at_utc)
)
SELECT
    hash({name}_id, updated_at_utc)::HUGEINT - 9223372036854775808 AS {name}_key,
    * EXCLUDE (updated_at_utc),
    CASE WHEN ROW_NUMBER() OVER history = 1 THEN TIMESTAMPTZ '1900-01-01 00:00:00+00' ELSE updated_at_utc END
        AS valid_from_utc,
    COALESCE(LEAD(updated_at_utc) OVER history, TIMESTAMPTZ '9999-12-31 00:00:00+00') AS valid_to_utc,
    LEAD(updated_at_utc) OVER history IS NULL AS is_current
FROM changes
WINDOW history AS (PARTITION BY {name}_id ORDER BY updated_at_utc)
"""
_STAR = (
    _DIMENSION.format(
        name="customer",
        content="ROW(full_name, email, phone, city, country_code, segment, registered_on)",
    ),
    _DIMENSION.format(
        name="product",
        content="ROW(product_name, category, list_price_usd, cost_usd, stock_quantity, supplier_name)",
    ),
    """
    INSERT INTO dim_customer BY NAME
    SELECT
        -1 AS customer_key, 'unknown' AS customer_id, 'unknown' AS full_name, 'unknown' AS segment,
        TIMESTAMPTZ '1900-01-01 00:00:00+00' AS valid_from_utc, TIMESTAMPTZ '9999-12-31 00:00:00+00' AS valid_to_utc,
        TRUE AS is_current
    """,
    """
    INSERT INTO dim_product BY NAME
    SELECT
        -1 AS product_key, 'unknown' AS product_id, 'unknown' AS product_name, 'unknown' AS category,
        TIMESTAMPTZ '1900-01-01 00:00:00+00' AS valid_from_utc, TIMESTAMPTZ '9999-12-31 00:00:00+00' AS valid_to_utc,
        TRUE AS is_current
    """,
    """
    CREATE TABLE fct_sale AS
    SELECT
        sale_id, sold_at_utc::DATE AS sold_on, sold_at_utc,
        COALESCE(customer_key, -1) AS customer_key, COALESCE(product_key, -1) AS product_key,
        sales.customer_id, sales.product_id, quantity, unit_price_usd, discount_rate,
        (quantity * unit_price_usd)::DECIMAL(18, 2) AS gross_usd,
        ROUND((quantity * unit_price_usd)::DECIMAL(13, 2) * discount_rate, 2)::DECIMAL(18, 2) AS discount_usd,
        (gross_usd - discount_usd)::DECIMAL(18, 2) AS net_usd, region, payment_method
    FROM '{sales}/*.parquet' AS sales
    ASOF LEFT JOIN (SELECT customer_key, customer_id, valid_from_utc FROM dim_customer) AS customers
        ON sales.customer_id = customers.customer_id AND sales.sold_at_utc >= customers.valid_from_utc
    ASOF LEFT JOIN (SELECT product_key, product_id, valid_from_utc FROM dim_product) AS products
        ON sales.product_id = products.product_id AND sales.sold_at_utc >= products.valid_from_utc
    """,
)
_DATES = """
CREATE TABLE dim_date AS
SELECT
    day::DATE AS calendar_date, YEAR(day) AS calendar_year, QUARTER(day) AS quarter_of_year,
    MONTH(day) AS month_of_year,
    MONTHNAME(day) AS month_name, WEEKOFYEAR(day) AS iso_week, DAY(day) AS day_of_month, ISODOW(day) AS iso_weekday,
    DAYNAME(day) AS weekday_name, ISODOW(day) >= 6 AS is_weekend
FROM (SELECT MIN(sold_on) AS first, MAX(sold_on) AS last FROM fct_sale),
    UNNEST(GENERATE_SERIES(
        DATE_TRUNC('year', first), DATE_TRUNC('year', last) + INTERVAL 1 YEAR - INTERVAL 1 DAY, INTERVAL 1 DAY
    )) AS days (day)
"""
_WRITE = "COPY {table} TO '{out}/{table}.parquet' (COMPRESSION zstd)"
# As ours: a folder a month.
_WRITE_SALES = """
COPY (SELECT *, STRFTIME(sold_on, '%Y-%m') AS month FROM fct_sale)
TO '{out}/fct_sale' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month))
"""

# Keys are hashes of each side's own; a quotient of decimals is a float here.
_COMPARED = {
    "dim_customer": "customer_id, full_name, segment, valid_from_utc, valid_to_utc, is_current",
    "dim_product": "product_id, product_name, category, cost_usd, valid_from_utc, valid_to_utc, is_current",
    "dim_date": "calendar_date, calendar_year, quarter_of_year, month_of_year, month_name, iso_week, day_of_month, "
    "iso_weekday, weekday_name, is_weekend",
    "daily_sales": "*",
    "monthly_sales": "* EXCLUDE (net_per_order_usd)",
    "region_sales": "* EXCLUDE (net_share_pct)",
    "category_sales": "*",
    "product_performance": "* EXCLUDE (margin_pct)",
    "customer_value": "* EXCLUDE (net_per_order_usd)",
    "cohort_retention": "* EXCLUDE (retention_pct)",
}
_DIFFER = """
SELECT (SELECT COUNT(*) FROM (SELECT {columns} FROM ours EXCEPT ALL SELECT {columns} FROM theirs))
    + (SELECT COUNT(*) FROM (SELECT {columns} FROM theirs EXCEPT ALL SELECT {columns} FROM ours))
"""
# Row by row that would take more memory than there is; a version of a customer is known by its beginning.
_SALES = """
SELECT
    COUNT(*), SUM(hash(sale_id)::HUGEINT), SUM(hash(sold_at_utc, sold_on, sales.customer_id, quantity)::HUGEINT),
    SUM(gross_usd), SUM(discount_usd), SUM(net_usd), SUM(hash(sale_id, customers.valid_from_utc)::HUGEINT),
    SUM(hash(sale_id, products.valid_from_utc)::HUGEINT), SUM(hash(region, payment_method, product_key = -1)::HUGEINT)
FROM read_parquet('{sales}/**/*.parquet', hive_partitioning = false) AS sales
INNER JOIN '{customers}' AS customers USING (customer_key)
INNER JOIN '{products}' AS products USING (product_key)
"""


def compare(connection: Any, ours: Path, theirs: Path) -> dict[str, int]:
    """Table -> rows that only one side has, of the tables that differ."""
    found = {}
    for table, columns in _COMPARED.items():
        schema = "core" if table.startswith("dim_") else "marts"
        for side, files in (("ours", ours / f"{schema}.{table}/**/*.parquet"), ("theirs", theirs / f"{table}.parquet")):
            read = f"SELECT * FROM read_parquet('{files}', hive_partitioning = false)"
            connection.execute(f"CREATE OR REPLACE TEMP VIEW {side} AS {read}")
        found[table] = connection.execute(_DIFFER.replace("{columns}", columns)).fetchone()[0]
    sides = [
        connection.execute(_SALES.format(sales=sales, customers=customers, products=products)).fetchone()
        for sales, customers, products in (
            (ours / "core.fct_sale", ours / "core.dim_customer/*.parquet", ours / "core.dim_product/*.parquet"),
            (theirs / "fct_sale", theirs / "dim_customer.parquet", theirs / "dim_product.parquet"),
        )
    ]
    found["fct_sale"] = abs(sides[0][0] - sides[1][0]) + (sides[0] != sides[1])
    return {table: rows for table, rows in found.items() if rows}


def main() -> None:
    import duckdb  # noqa: PLC0415 - a benchmark's own requirement, absent where nobody measures

    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for command, names in {
        "transform": ("customers", "products", "sales", "out", "queries"),
        "compare": ("ours", "theirs"),
    }.items():
        given = commands.add_parser(command)
        for name in names:
            given.add_argument(name, type=Path)
    arguments = parser.parse_args()
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET timezone = 'UTC'")
        if arguments.command == "compare":
            print(json.dumps(compare(connection, arguments.ours, arguments.theirs)))
        else:
            transform(connection, arguments)


def transform(connection: Any, arguments: argparse.Namespace) -> None:
    queries: dict[str, str] = json.loads(arguments.queries.read_text())
    names = ["dim_customer", "dim_product", "dim_date", *queries]
    steps = {
        "star": [*_STAR, _DATES],
        "marts": [f"CREATE TABLE {name} AS {query}" for name, query in queries.items()],
        "write": [_WRITE_SALES, *(_WRITE.replace("{table}", name) for name in names)],
    }
    for step, statements in steps.items():
        started = time.perf_counter()
        for statement in statements:
            for name in ("customers", "products", "sales", "out"):
                statement = statement.replace(f"{{{name}}}", str(getattr(arguments, name)))  # noqa: PLW2901
            connection.execute(statement)
        print(f"{step} {time.perf_counter() - started:.1f}")


if __name__ == "__main__":
    main()
