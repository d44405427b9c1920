"""Sales are added up exactly as Spark SQL adds them up, however a month is cut into pieces."""

import random
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import pairwise

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from batch_etl.transforms.rollups import ROLLUPS, TOTALS, add_up_months, roll_up, with_percentiles
from tests.rollup_queries import rollup_queries

MONTH = date(2025, 2, 1)
MONEY = pa.decimal128(18, 2)
SALES = pa.schema(
    [
        *[("sold_on", pa.date32()), ("customer_key", pa.int64()), ("product_key", pa.int64())],
        *[("customer_id", pa.string()), ("region", pa.string()), ("quantity", pa.int32())],
        *[("gross_usd", MONEY), ("discount_usd", MONEY), ("net_usd", MONEY)],
    ]
)


def drawn(dice: random.Random, rows: int, month: date = MONTH) -> pa.Table:
    """Few days, customers and products, so that they meet; some unknown, and null whatever a contract may let be so."""
    sales = []
    for _ in range(rows):
        customer = dice.choice([None, "C1", "C2", "C3", "C8", "C9"])
        key = {"C1": dice.choice([11, 12]), "C2": 21, "C3": 31}.get(customer, -1)
        gross, discount = (Decimal(dice.randint(0, 10**15)).scaleb(-2) for _ in range(2))
        sales.append(
            {
                "sold_on": month.replace(day=dice.randint(1, 5)),
                "customer_key": key,
                "product_key": dice.choice([-1, 1, 2]),
                "customer_id": customer,
                "region": dice.choice([None, "north", "south"]),
                "quantity": dice.choice([None, 1, 7, 2**31 - 1]),
                "gross_usd": dice.choice([None, gross]),
                "discount_usd": discount,
                "net_usd": gross - discount,
            }
        )
    return pa.Table.from_pylist(sales, SALES)


def pieces_of(sales: pa.Table, dice: random.Random) -> list[pa.Table]:
    cuts = [0, *sorted(dice.choices(range(len(sales) + 1), k=3)), len(sales)]
    return [sales.slice(start, end - start) for start, end in pairwise(cuts)]


@pytest.mark.parametrize("rows", [1, 12, 300])
def test_rollups_are_what_spark_sql_adds_up(spark: SparkSession, rows: int) -> None:
    dice = random.Random(rows)  # noqa: S311
    months = [MONTH, date(2025, 3, 1), date(2026, 1, 1)]
    sales = [drawn(dice, rows, month) for month in months]
    spark.createDataFrame(pa.concat_tables(sales)).createOrReplaceTempView("fct_sale")

    by_month = [roll_up(pieces_of(drawn, dice), month=month) for drawn, month in zip(sales, months, strict=True)]

    rolled = {name: pa.concat_tables(each[name] for each in by_month) for name in ROLLUPS}
    for name, total in TOTALS.items():
        of_months = [each[total.of] for each in by_month]
        add = partial(add_up_months, total, cohorts=rolled["buyer_cohorts"] if name == "cohort_months" else None)
        whole = add(of_months)
        assert add(of_months[2:], so_far=add(of_months[:2])).equals(whole)
        rolled[name] = with_percentiles(total, whole)
    for name, query in rollup_queries().items():
        added_up = spark.sql(query)
        added_up.createOrReplaceTempView(name)
        told = added_up.toArrow()
        ours = rolled[name].select(told.column_names)
        assert ours.schema.types == told.schema.types, name
        assert sorted(map(repr, ours.to_pylist())) == sorted(map(repr, told.to_pylist())), name


def test_a_sum_that_does_not_fit_is_an_error_and_no_other_number() -> None:
    quantity = SALES.get_field_index("quantity")
    sale = drawn(random.Random(1), 1)  # noqa: S311
    sale = sale.set_column(quantity, "quantity", pa.array([2**62], pa.int64()))

    assert roll_up([sale], month=MONTH)["sale_days"]["units"].to_pylist() == [2**62]
    with pytest.raises(OverflowError, match="units: a sum of sales does not fit into int64"):
        roll_up([sale, sale], month=MONTH)
    products = roll_up([sale], month=MONTH)["product_months"]
    with pytest.raises(OverflowError, match="units: a sum of sales does not fit into int64"):
        add_up_months(TOTALS["product_sales"], [products, products])
