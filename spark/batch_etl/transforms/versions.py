"""Which of several versions of a record stands: one rule, within a file and across files."""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.contract import Contract


def current_versions(clean: DataFrame, contract: Contract) -> DataFrame:
    """One row a key over all files: the highest version, whichever file brought it and in whatever order.

    clean    typed contract columns of every file plus the lineage columns
    returns  the contract columns
    """
    highest = clean.groupBy(*contract.key).agg(F.max(_rank(contract)).alias("_highest"))
    return highest.select(*(F.col(f"_highest._{name}").alias(name) for name in contract.column_names))


def _rank(contract: Contract) -> Expression:
    """A total order over versions: first the columns that the contract names, then every column; null is lowest."""
    first = [F.col(name).alias(f"_by_{name}") for name in contract.version_order]
    return F.struct(*first, *(F.col(name).alias(f"_{name}") for name in contract.column_names))
