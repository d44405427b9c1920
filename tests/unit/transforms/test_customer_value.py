"""Recency, frequency and monetary value: fifths of those who are somebody, and what they add up to."""

from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

QUERY = Path(__file__).resolve().parents[3] / "sql/transformations/customer_value.sql"
# Of each score the ends of its fifth, and the unknown customer with more than all together.
BOUGHT = """
customer_id | last_sold_on | orders | net_usd | last_sold_on_percentile | orders_percentile | net_usd_percentile
C01         | 2025-01-01   | 1      | 1.00    | 0                       | 0                 | 0
C02         | 2025-01-02   | 2      | 20.00   | 19                      | 40                | 30
C03         | 2025-01-03   | 9      | 90.00   | 20                      | 79                | 60
C04         | 2025-01-04   | 1      | 100.00  | 39                      | 19                | 99
C05         | 2025-02-05   | 5      | 50.00   | 40                      | 59                | 40
C06         | 2025-02-06   | 1      | 6.00    | 59                      | 0                 | 10
C07         | 2025-02-07   | 1      | 2.00    | 60                      | 0                 | 5
C08         | 2025-03-01   | 9      | 80.05   | 80                      | 80                | 79
unknown     | 2025-03-04   | 99     | 9999.00 |                         |                   |
"""


def test_customers_are_scored_by_fifths_and_the_unknown_one_is_not(
    table: Callable[..., DataFrame], spark: SparkSession
) -> None:
    numbers = ("orders", "last_sold_on_percentile", "orders_percentile", "net_usd_percentile")
    days = {"last_sold_on": "date", "net_usd": "decimal(28,2)"}
    bought = table(BOUGHT, **dict.fromkeys(numbers, "long"), **days)
    since = bought.selectExpr("*", "DATE '2025-01-01' AS first_sold_on", "orders AS units")
    since.createOrReplaceTempView("customer_sales")
    spark.sql(
        "SELECT IF(id < 0, 'unknown', FORMAT_STRING('C%02d', id)) AS customer_id, "
        "'consumer' AS segment, 'DE' AS country_code, TRUE AS is_current FROM RANGE(-1, 9) WHERE id != 0"
    ).createOrReplaceTempView("dim_customer")

    told = spark.sql(QUERY.read_text(encoding="utf-8")).orderBy("customer_id").collect()

    scores = [(row.customer_id, row.recency_score, row.frequency_score, row.monetary_score) for row in told]
    assert [(*score, row.value_segment) for score, row in zip(scores, told, strict=True)] == [
        ("C01", 1, 1, 1, "dormant"),
        ("C02", 1, 3, 2, "dormant"),
        ("C03", 2, 4, 4, "at_risk"),
        ("C04", 2, 1, 5, "at_risk"),
        ("C05", 3, 3, 3, "loyal"),
        ("C06", 3, 1, 1, "occasional"),
        ("C07", 4, 1, 1, "recent"),
        ("C08", 5, 5, 4, "champion"),
        ("unknown", None, None, None, "unknown"),
    ]
    eighth = told[7]
    assert (eighth.orders, str(eighth.net_per_order_usd), eighth.lifetime_days) == (9, "8.89", 59)
