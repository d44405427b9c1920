"""Dimensions with history, days without gaps, and sales that find the version of their time."""

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from batch_etl.transforms.star import build_dates, build_dimension, build_sales

Draw = Callable[..., DataFrame]

CUSTOMER_TYPES = {"updated_at_utc": "timestamp", "points": "int"}
SALE_TYPES = {
    "quantity": "int",
    "unit_price_usd": "decimal(12,2)",
    "discount_rate": "decimal(5,4)",
    "sold_at_utc": "timestamp",
}
# The second file brings what happened before the first one.
CUSTOMERS = """
customer_id | updated_at_utc      | full_name | segment | points
C2          | 2025-01-01 00:00:00 | Bo        | retail  |
C1          | 2025-03-01 00:00:00 | Ann Smith | retail  | 3
C1          | 2025-01-01 00:00:00 | Ann Jones | retail  | 1
C1          | 2025-02-01 12:00:00 | Ann Jones | trade   | 2
"""


def rows(table: DataFrame) -> list[tuple[str | None, ...]]:
    """The rows of a DataFrame as a drawn table would hold them."""
    as_text = table.selectExpr(*(f"CAST(`{name}` AS string)" for name in table.columns))
    return sorted((tuple(row) for row in as_text.collect()), key=str)


@pytest.fixture(scope="module")
def customers(table: Draw) -> DataFrame:
    versions = table(CUSTOMERS, **CUSTOMER_TYPES)
    return build_dimension(versions, name="customer", unknown={"full_name": "unknown", "segment": "unknown"}).cache()


@pytest.fixture(scope="module")
def products(table: Draw) -> DataFrame:
    versions = table("product_id | updated_at_utc\nP1 | 2025-01-01 00:00:00", updated_at_utc="timestamp")
    return build_dimension(versions, name="product", unknown={}).cache()


def test_versions_follow_each_other_without_gap_in_whatever_order_they_came(table: Draw, customers: DataFrame) -> None:
    wanted = table("""
        customer_id | full_name | segment | points | valid_from_utc      | valid_to_utc        | is_current
        C1          | Ann Jones | retail  | 1      | 1900-01-01 00:00:00 | 2025-02-01 12:00:00 | false
        C1          | Ann Jones | trade   | 2      | 2025-02-01 12:00:00 | 2025-03-01 00:00:00 | false
        C1          | Ann Smith | retail  | 3      | 2025-03-01 00:00:00 | 9999-12-31 00:00:00 | true
        C2          | Bo        | retail  |        | 1900-01-01 00:00:00 | 9999-12-31 00:00:00 | true
        unknown     | unknown   | unknown |        | 1900-01-01 00:00:00 | 9999-12-31 00:00:00 | true
    """)

    assert customers.columns == ["customer_key", *wanted.columns]
    assert rows(customers.drop("customer_key")) == rows(wanted)


def test_a_key_is_its_own_and_stays_when_versions_arrive_late(table: Draw, customers: DataFrame) -> None:
    names, *versions = CUSTOMERS.strip().splitlines()
    early = build_dimension(table("\n".join([names, *versions[:2]]), **CUSTOMER_TYPES), name="customer", unknown={})

    def keys(dimension: DataFrame) -> dict[tuple[str, str], str]:
        named = dimension.where("is_current").selectExpr("customer_id", "full_name", "customer_key")
        return {(row[0], row[1]): row[2] for row in named.collect() if row[2] != -1}

    assert customers.select("customer_key").distinct().count() == 5
    assert customers.where("customer_key = -1").select("customer_id").collect() == [("unknown",)]
    assert keys(early) == keys(customers)


SALES = """
sale_id | customer_id | product_id | sold_at_utc         | quantity | unit_price_usd | discount_rate | region | payment_method
"""  # noqa: E501 - a table reads better whole


def sale(**values: str) -> str:
    """One drawn sale, of which only what matters is said."""
    usual = {
        **{"sale_id": "S1", "customer_id": "C1", "product_id": "P1", "sold_at_utc": "2025-05-01 00:00:00"},
        **{
            "quantity": "1",
            "unit_price_usd": "1.00",
            "discount_rate": "0",
            "region": "north",
            "payment_method": "card",
        },
    }
    return " | ".join({**usual, **values}.values())


def test_a_sale_finds_the_version_of_its_time(table: Draw, customers: DataFrame, products: DataFrame) -> None:
    sales = [
        ("before the first version", "C1", "1999-01-01 00:00:00", "1"),
        ("in the first version", "C1", "2025-01-15 00:00:00", "1"),
        ("a second before the next", "C1", "2025-02-01 11:59:59", "1"),
        ("at the second of the next", "C1", "2025-02-01 12:00:00", "2"),
        ("in the last version", "C1", "2098-01-01 00:00:00", "3"),
        ("of another customer", "C2", "2025-02-01 12:00:00", None),
        ("of nobody we know", "C9", "2025-02-01 12:00:00", None),
    ]
    drawing = SALES + "\n".join(
        sale(sale_id=name, customer_id=customer, sold_at_utc=moment) for name, customer, moment, _ in sales
    )

    facts = build_sales(table(drawing, **SALE_TYPES), customers, products).join(customers, "customer_key")

    assert rows(facts.select("sale_id", "points")) == sorted((name, points) for name, _, _, points in sales)


def test_an_unknown_customer_or_product_is_the_unknown_member_and_keeps_its_number(
    table: Draw, customers: DataFrame, products: DataFrame
) -> None:
    drawing = SALES + sale(customer_id="C9", product_id="P9")

    facts = build_sales(table(drawing, **SALE_TYPES), customers, products)

    told = facts.select("customer_key", "customer_id", "product_key", "product_id").collect()
    assert told == [(-1, "C9", -1, "P9")]


def test_amounts_are_rounded_half_up_to_cents(table: Draw, customers: DataFrame, products: DataFrame) -> None:
    amounts = table("""
        sale_id | quantity | unit_price_usd | discount_rate | gross_usd    | discount_usd | net_usd
        half    | 1        | 0.10           | 0.05          | 0.10         | 0.01         | 0.09
        below   | 1        | 0.10           | 0.0499        | 0.10         | 0.00         | 0.10
        even    | 1        | 0.50           | 0.05          | 0.50         | 0.03         | 0.47
        none    | 3        | 19.99          | 0.0000        | 59.97        | 0.00         | 59.97
        most    | 1000     | 100000.00      | 0.9000        | 100000000.00 | 90000000.00  | 10000000.00
        fine    | 7        | 13.37          | 0.1234        | 93.59        | 11.55        | 82.04
    """)
    drawing = SALES + "\n".join(
        sale(**row.asDict())
        for row in amounts.select("sale_id", "quantity", "unit_price_usd", "discount_rate").collect()
    )

    facts = build_sales(table(drawing, **SALE_TYPES), customers, products)

    assert rows(facts.select("sale_id", "gross_usd", "discount_usd", "net_usd")) == rows(
        amounts.select("sale_id", "gross_usd", "discount_usd", "net_usd")
    )
    assert {name: kind for name, kind in facts.dtypes if name.endswith("_usd")} == {
        **{"unit_price_usd": "decimal(12,2)", "gross_usd": "decimal(18,2)"},
        **{"discount_usd": "decimal(18,2)", "net_usd": "decimal(18,2)"},
    }


def test_every_day_of_the_years_is_there(table: Draw, spark: SparkSession) -> None:
    days = build_dates(spark, range(2023, 2026))

    found = rows(days)
    assert len(found) == 365 + 366 + 365
    assert [found[0][0], found[-1][0]] == ["2023-01-01", "2025-12-31"]
    edges = days.where(
        "calendar_date IN ('2023-12-31', '2024-01-01', '2024-02-29', '2024-03-01', '2024-12-30', '2024-12-31')"
    )
    assert rows(edges) == rows(
        table("""
        date       | year | quarter | month | month_name | iso_week | day | iso_weekday | weekday_name | is_weekend
        2023-12-31 | 2023 | 4       | 12    | December   | 52       | 31  | 7           | Sunday       | true
        2024-01-01 | 2024 | 1       | 1     | January    | 1        | 1   | 1           | Monday       | false
        2024-02-29 | 2024 | 1       | 2     | February   | 9        | 29  | 4           | Thursday     | false
        2024-03-01 | 2024 | 1       | 3     | March      | 9        | 1   | 5           | Friday       | false
        2024-12-30 | 2024 | 4       | 12    | December   | 1        | 30  | 1           | Monday       | false
        2024-12-31 | 2024 | 4       | 12    | December   | 1        | 31  | 2           | Tuesday      | false
        """)
    )


def test_without_a_year_there_is_no_day(spark: SparkSession) -> None:
    assert build_dates(spark, range(0)).isEmpty()
