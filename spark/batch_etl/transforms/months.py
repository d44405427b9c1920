"""What new records and new versions change: keys, and the months whose sales they touch."""

from collections.abc import Sequence
from functools import reduce

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.transforms.star import build_sales


def month_of(column: str) -> Expression:
    return F.date_format(column, "yyyy-MM")


def months_in(rows: DataFrame, column: str) -> set[str]:
    return {row[0] for row in rows.select(month_of(column)).distinct().collect()}


def keys_that_differ(gone: DataFrame, new: DataFrame, key: Sequence[str]) -> DataFrame:
    """The keys of the rows that only one of both tables holds."""
    return gone.subtract(new).unionByName(new.subtract(gone)).select(*key).distinct()


def moved_versions(before: DataFrame, after: DataFrame, *, name: str) -> DataFrame:
    """<name>_id of the members of a dimension whose versions hold at other times than before, or are others."""
    held = [f"{name}_id", f"{name}_key", "valid_from_utc", "valid_to_utc"]
    return keys_that_differ(before.select(*held), after.select(*held), [f"{name}_id"])


def rekeyed_months(
    facts: DataFrame, moved: Sequence[DataFrame], *, columns: Sequence[str], customers: DataFrame, products: DataFrame
) -> set[str]:
    """The months with a sale that meets another version of its customer or product than it was written with.

    facts    core.fct_sale as it was
    moved    ids of members that changed, one column each, named as in facts
    columns  those of the contract of sales, all of which facts has
    """
    if not moved:
        return set()
    touched = reduce(DataFrame.unionByName, (facts.join(ids, ids.columns, "left_semi") for ids in moved))
    pointing = ("sale_id", "sold_on", "customer_key", "product_key")
    now = build_sales(touched.select(*columns), customers, products).select(*pointing)
    return months_in(touched.select(*pointing).subtract(now), "sold_on")
