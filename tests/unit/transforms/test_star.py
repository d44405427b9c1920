"""Dimensions with history, and days without gaps."""

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame, SparkSession

from batch_etl.transforms.star import build_dates, build_dimension

Draw = Callable[..., DataFrame]

CUSTOMER_TYPES = {"updated_at_utc": "timestamp", "points": "int"}
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
