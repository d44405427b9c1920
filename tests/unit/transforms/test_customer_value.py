"""Recency, frequency and monetary value: fifths of those who are somebody, and what they add up to."""

from collections.abc import Callable
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

QUERY = Path(__file__).resolve().parents[3] / "sql/transformations/customer_value.sql"
# Ten customers, the tenth being the best in everything but one, and the unknown one with more than all together.
BOUGHT = """
customer_id | first_sold_on | last_sold_on | orders | units | net_usd
C01         | 2025-01-01    | 2025-01-01   | 1      | 1     | 1.00
C02         | 2025-01-01    | 2025-01-02   | 2      | 1     | 20.00
C03         | 2025-01-01    | 2025-01-03   | 9      | 1     | 90.00
C04         | 2025-01-01    | 2025-01-04   | 1      | 1     | 100.00
C05         | 2025-01-01    | 2025-02-05   | 5      | 1     | 50.00
C06         | 2025-01-01    | 2025-02-06   | 6      | 1     | 60.00
C07         | 2025-01-01    | 2025-02-07   | 1      | 1     | 2.00
C08         | 2025-01-01    | 2025-02-08   | 1      | 1     | 3.00
C09         | 2025-01-01    | 2025-03-01   | 9      | 1     | 80.05
C10         | 2025-01-01    | 2025-03-03   | 10     | 1     | 200.00
unknown     | 2025-01-01    | 2025-03-04   | 99     | 1     | 9999.00
"""


def test_customers_are_scored_by_fifths_and_the_unknown_one_is_not(
    table: Callable[..., DataFrame], spark: SparkSession
) -> None:
    types = dict.fromkeys(("orders", "units"), "long")
    days = {"first_sold_on": "date", "last_sold_on": "date", "net_usd": "decimal(28,2)"}
    table(BOUGHT, **types, **days).createOrReplaceTempView("customer_sales")
    spark.sql(
        "SELECT IF(id < 0, 'unknown', FORMAT_STRING('C%02d', id)) AS customer_id, "
        "'consumer' AS segment, 'DE' AS country_code, TRUE AS is_current FROM RANGE(-1, 11) WHERE id != 0"
    ).createOrReplaceTempView("dim_customer")

    told = spark.sql(QUERY.read_text(encoding="utf-8")).orderBy("customer_id").collect()

    scores = [(row.customer_id, row.recency_score, row.frequency_score, row.monetary_score) for row in told]
    assert [(*score, row.value_segment) for score, row in zip(scores, told, strict=True)] == [
        ("C01", 1, 1, 1, "dormant"),
        ("C02", 1, 3, 2, "dormant"),
        ("C03", 2, 4, 4, "at_risk"),
        ("C04", 2, 1, 5, "at_risk"),
        ("C05", 3, 3, 3, "loyal"),
        ("C06", 3, 4, 3, "loyal"),
        ("C07", 4, 2, 1, "recent"),
        ("C08", 4, 2, 2, "recent"),
        ("C09", 5, 5, 4, "champion"),
        ("C10", 5, 5, 5, "champion"),
        ("unknown", None, None, None, "unknown"),
    ]
    ninth = told[8]
    assert (ninth.orders, str(ninth.net_per_order_usd), ninth.recency_days, ninth.lifetime_days) == (9, "8.89", 3, 59)
