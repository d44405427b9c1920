"""Key figures of the last day with sales, against the days before it."""

from contextlib import closing

import psycopg2
import pytest

from batch_etl.anomalies import Limits
from batch_etl.quality import CheckResult
from monitoring.usual_figures import check_days
from tests.integration.pipeline import Pipeline

# 60 days of 100 sales at 10 USD each, the newest three days ago.
DAYS = """
    INSERT INTO marts.daily_sales (sold_on, orders, units, customers, gross_usd, discount_usd, net_usd)
    SELECT CURRENT_DATE - 2 - ago, 100, 100, 100, 1000, 0, 1000 FROM GENERATE_SERIES(1, 60) AS ago
"""
A_DAY = """
    INSERT INTO marts.daily_sales (sold_on, orders, units, customers, gross_usd, discount_usd, net_usd)
    VALUES ({on}, {sales}, 1, 1, 10 * {sales}, {discount}, 10 * {sales} - {discount})
"""


@pytest.fixture
def sold(warehouse: Pipeline) -> Pipeline:
    warehouse.query(DAYS)
    return warehouse


def add_day(pipeline: Pipeline, on: str, sales: int, discount: float = 0) -> None:
    pipeline.query(A_DAY.format(on=on, sales=sales, discount=discount))


def check(pipeline: Pipeline) -> CheckResult:
    with closing(psycopg2.connect(pipeline.dsn, options="-c search_path=marts")) as connection:
        return check_days(connection.cursor(), Limits())


def found(pipeline: Pipeline) -> list[tuple[str, str]]:
    """Figures that are unusual, without their day, and why."""
    return [(row["figure"].split()[0], row["found"]) for row in check(pipeline).offenders]


def test_a_sale_of_a_day_to_come_hides_no_other_day(sold: Pipeline) -> None:
    add_day(sold, "DATE '2099-12-31'", 1)
    assert check(sold).message == "as usual"

    add_day(sold, "CURRENT_DATE - 2", 10_000)

    assert found(sold) == [("sales", "spike"), ("net_usd", "spike")]


def test_a_day_without_a_sale_is_a_day_of_none(sold: Pipeline) -> None:
    add_day(sold, "CURRENT_DATE - 1", 100)

    # The day before yesterday has none.
    assert found(sold) == [("sales", "spike")]
    add_day(sold, "CURRENT_DATE - 2", 100)
    assert found(sold) == []


def test_a_day_that_is_not_over_is_not_judged(sold: Pipeline) -> None:
    for ago in (2, 1):
        add_day(sold, f"CURRENT_DATE - {ago}", 100)
    add_day(sold, "CURRENT_DATE", 30)

    assert check(sold).message == "as usual"


def test_a_sale_more_on_a_day_of_few_is_no_news_and_many_are(sold: Pipeline) -> None:
    sold.query("UPDATE marts.daily_sales SET orders = 1")
    add_day(sold, "CURRENT_DATE - 2", 2)
    assert ("sales", "spike") not in found(sold)

    sold.query("UPDATE marts.daily_sales SET orders = 10 WHERE orders = 2")
    assert ("sales", "spike") in found(sold)


def test_before_the_first_sale_there_is_nothing_to_judge(warehouse: Pipeline) -> None:
    assert check(warehouse).message == "as usual"


def test_a_sale_is_no_news_where_most_days_have_none(sold: Pipeline) -> None:
    sold.query("DELETE FROM marts.daily_sales WHERE (CURRENT_DATE - sold_on) % 5 > 0")
    add_day(sold, "CURRENT_DATE - 2", 100)

    assert found(sold) == []


def test_days_on_which_nothing_is_ever_sold_are_usual(sold: Pipeline) -> None:
    sold.query(
        "DELETE FROM marts.daily_sales WHERE EXTRACT(ISODOW FROM sold_on) = EXTRACT(ISODOW FROM CURRENT_DATE - 2)"
    )
    add_day(sold, "CURRENT_DATE - 1", 100)

    assert check(sold).message == "as usual"


def test_a_first_small_discount_is_no_news_and_a_large_one_is(sold: Pipeline) -> None:
    add_day(sold, "CURRENT_DATE - 2", 100, discount=0.2)
    assert found(sold) == []

    sold.query("UPDATE marts.daily_sales SET discount_usd = 200 WHERE discount_usd > 0")
    assert found(sold) == [("discount_share", "spike")]
