"""Which of several versions of a record stands: one rule, within a file and across files."""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.contract import Contract


def split_duplicates(valid: DataFrame, contract: Contract) -> tuple[DataFrame, DataFrame]:
    """Part the records of one file that stand from those that repeat their key.

    valid       typed contract columns plus the lineage columns
    kept        the same columns, one row a key: the highest version, of equal copies the first in the file
    duplicates  the others, plus _kind ('exact copy' or 'superseded version') and _stands, the number of the record kept

    count(valid) = count(kept) + count(duplicates), whatever the order of the rows.
    """
    versions = Window.partitionBy(*contract.key).orderBy(_rank(contract).desc(), "_record_number")
    whole = F.struct(*contract.column_names)
    ranked = (
        valid.withColumn("_place", F.row_number().over(versions))
        .withColumn("_stands", F.first("_record_number").over(versions))
        .withColumn("_is_copy", whole.eqNullSafe(F.first(whole).over(versions)))
    )
    kind = F.when(F.col("_is_copy"), "exact copy").otherwise("superseded version")
    duplicates = ranked.where("_place > 1").withColumn("_kind", kind)
    kept = ranked.where("_place = 1")
    return kept.drop("_place", "_stands", "_is_copy"), duplicates.drop("_place", "_is_copy")


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
