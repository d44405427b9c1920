"""The same reading, cleaning and writing by DuckDB: without a ledger, landing, raw text or reasons beyond the first."""

import argparse
import time
from pathlib import Path

_READ = """
CREATE OR REPLACE TABLE ingested AS
SELECT ROW_NUMBER() OVER () AS _record_number, *
FROM read_csv(?, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"')
"""
_JUDGE = r"""
CREATE OR REPLACE TABLE judged AS
SELECT
    *,
    list_filter(
        [
            CASE WHEN sale_id IS NULL THEN 'sale_id: missing'
                WHEN NOT regexp_full_match(sale_id, 'S\d{8}') THEN 'sale_id: does not match the pattern: ' || sale_id END,
            CASE WHEN customer_id IS NULL THEN 'customer_id: missing'
                WHEN NOT regexp_full_match(customer_id, 'C\d{7}') THEN 'customer_id: does not match the pattern: ' || customer_id END,
            CASE WHEN product_id IS NULL THEN 'product_id: missing'
                WHEN NOT regexp_full_match(product_id, 'P\d{6}') THEN 'product_id: does not match the pattern: ' || product_id END,
            CASE WHEN quantity IS NULL THEN 'quantity: missing'
                WHEN NOT regexp_full_match(quantity, '-?\d{1,18}') THEN 'quantity: not an integer: ' || quantity
                WHEN TRY_CAST(quantity AS BIGINT) < 1 THEN 'quantity: below 1: ' || quantity
                WHEN TRY_CAST(quantity AS BIGINT) > 1000 THEN 'quantity: above 1000: ' || quantity END,
            CASE WHEN unit_price_usd IS NULL THEN 'unit_price_usd: missing'
                WHEN NOT regexp_full_match(unit_price_usd, '-?\d{1,10}(\.\d{1,2})?') THEN 'unit_price_usd: not a number: ' || unit_price_usd
                WHEN TRY_CAST(unit_price_usd AS DECIMAL(12, 2)) < 0.01 THEN 'unit_price_usd: below 0.01: ' || unit_price_usd
                WHEN TRY_CAST(unit_price_usd AS DECIMAL(12, 2)) > 100000 THEN 'unit_price_usd: above 100000: ' || unit_price_usd END,
            CASE WHEN discount_rate IS NULL THEN 'discount_rate: missing'
                WHEN NOT regexp_full_match(discount_rate, '-?\d{1,1}(\.\d{1,4})?') THEN 'discount_rate: not a number: ' || discount_rate
                WHEN TRY_CAST(discount_rate AS DECIMAL(5, 4)) < 0 THEN 'discount_rate: below 0: ' || discount_rate
                WHEN TRY_CAST(discount_rate AS DECIMAL(5, 4)) > 0.9 THEN 'discount_rate: above 0.9: ' || discount_rate END,
            CASE WHEN sold_at_utc IS NULL THEN 'sold_at_utc: missing'
                WHEN NOT regexp_full_match(sold_at_utc, '\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z')
                    OR TRY_CAST(sold_at_utc AS TIMESTAMP) IS NULL THEN 'sold_at_utc: not a timestamp: ' || sold_at_utc
                WHEN TRY_CAST(sold_at_utc AS TIMESTAMP) < TIMESTAMP '2015-01-01' THEN 'sold_at_utc: below 2015: ' || sold_at_utc
                WHEN TRY_CAST(sold_at_utc AS TIMESTAMP) > TIMESTAMP '2099-12-31 23:59:59' THEN 'sold_at_utc: above 2099: ' || sold_at_utc END,
            CASE WHEN region IS NULL THEN 'region: missing'
                WHEN region NOT IN ('north', 'south', 'east', 'west') THEN 'region: not an allowed value: ' || region END,
            CASE WHEN payment_method IS NULL THEN 'payment_method: missing'
                WHEN payment_method NOT IN ('card', 'cash', 'bank_transfer', 'wallet', 'voucher')
                    THEN 'payment_method: not an allowed value: ' || payment_method END
        ],
        lambda reason: reason IS NOT NULL
    ) AS _reasons
FROM ingested
"""  # noqa: E501 - a rule a line
_TYPE = """
CREATE OR REPLACE TABLE typed AS
SELECT
    sale_id, customer_id, product_id, quantity::INTEGER AS quantity, unit_price_usd::DECIMAL(12, 2) AS unit_price_usd,
    discount_rate::DECIMAL(5, 4) AS discount_rate, sold_at_utc::TIMESTAMP AS sold_at_utc, region, payment_method,
    _record_number
FROM judged
WHERE len(_reasons) = 0
"""
_DOUBLED = """
CREATE OR REPLACE TABLE doubled AS
SELECT
    _record_number,
    ROW_NUMBER() OVER (
        PARTITION BY sale_id
        ORDER BY sold_at_utc DESC, customer_id DESC, product_id DESC, quantity DESC, unit_price_usd DESC,
            discount_rate DESC, region DESC, payment_method DESC, _record_number
    ) AS place
FROM typed
WHERE sale_id IN (SELECT sale_id FROM typed GROUP BY sale_id HAVING COUNT(*) > 1)
"""
_WRITE = (
    "COPY (SELECT * FROM ingested) TO '{folder}/ingested.parquet' (COMPRESSION zstd)",
    "COPY (SELECT * FROM judged WHERE len(_reasons) > 0) TO '{folder}/quarantine.parquet' (COMPRESSION zstd)",
    "COPY (SELECT * FROM typed WHERE _record_number IN (SELECT _record_number FROM doubled WHERE place > 1)) "
    "TO '{folder}/duplicates.parquet' (COMPRESSION zstd)",
    "COPY (SELECT * FROM typed WHERE _record_number NOT IN (SELECT _record_number FROM doubled WHERE place > 1)) "
    "TO '{folder}/clean.parquet' (COMPRESSION zstd)",
)


def main() -> None:
    import duckdb  # noqa: PLC0415 - a benchmark's own requirement, absent where nobody measures

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        for name, statements in (("read", [_READ]), ("clean", [_JUDGE, _TYPE, _DOUBLED]), ("write", _WRITE)):
            started = time.perf_counter()
            for statement in statements:
                values = [str(arguments.file)] if statement == _READ else None
                connection.execute(statement.replace("{folder}", str(arguments.folder)), values)
            print(f"{name} {time.perf_counter() - started:.1f}")
        for table in ("ingested", "quarantine", "duplicates", "clean"):
            rows = connection.execute(f"SELECT COUNT(*) FROM '{arguments.folder}/{table}.parquet'").fetchone()
            print(f"{table} {rows}")


if __name__ == "__main__":
    main()
