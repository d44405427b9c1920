"""Which of several versions of a record stands: one rule, within a file and across files."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
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


def highest_versions(records: pa.Table, contract: Contract) -> pa.Table:
    """The same for records that are here: the contract columns of one row a key."""
    columns = records.select(contract.column_names)
    ranked = columns.take(pc.sort_indices(columns, sort_keys=highest_first(contract)))
    return ranked.filter(pc.invert(repeats_the_row_before(ranked, contract.key)))


def highest_first(contract: Contract, *last: str) -> list[tuple[str, str, str]]:
    """A total order: by key, the highest version first, nothing is lowest; of equal ones by these columns, rising."""
    rank = dict.fromkeys([*contract.version_order, *contract.column_names])
    by_version = [(name, "descending", "at_end") for name in rank if name not in contract.key]
    rising = [(name, "ascending", "at_end") for name in contract.key]
    return [*rising, *by_version, *((name, "ascending", "at_end") for name in last)]


def repeats_the_row_before(ranked: pa.Table, names: Sequence[str]) -> pa.Array:
    if not len(ranked):
        return pa.array([], pa.bool_())
    same = same_rows(ranked.slice(1), ranked.slice(0, len(ranked) - 1), names)
    return pa.concat_arrays([pa.array([False]), same])


def same_rows(one: pa.Table, other: pa.Table, names: Sequence[str]) -> pa.Array:
    """Row by row whether the columns are the same; two missing values are."""
    same = pa.repeat(pa.scalar(True), len(one))
    for name in names:
        a, b = one[name].combine_chunks(), other[name].combine_chunks()
        both_missing = pc.and_(pc.is_null(a), pc.is_null(b))
        same = pc.and_(same, pc.or_(both_missing, pc.fill_null(pc.equal(a, b), False)))
    return same


def _rank(contract: Contract) -> Expression:
    """A total order over versions: first the columns that the contract names, then every column; null is lowest."""
    first = [F.col(name).alias(f"_by_{name}") for name in contract.version_order]
    return F.struct(*first, *(F.col(name).alias(f"_{name}") for name in contract.column_names))
