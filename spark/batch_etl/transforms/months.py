"""What new records and new versions change: keys, and the months whose sales they touch."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.transforms.facts import Versions


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
    facts: DataFrame, moved: Sequence[DataFrame], versions: Callable[[], Mapping[str, Versions]]
) -> set[str]:
    """The months with a sale that meets another version of its customer or product than it was written with.

    facts     core.fct_sale as it was
    moved     ids of members that changed, one column each, named as in facts
    versions  read where it is called, by each task: dimension -> its versions now
    """
    if not moved:
        return set()
    pointing = facts.select("sold_on", "sold_at_utc", "customer_id", "customer_key", "product_id", "product_key")
    touched = reduce(DataFrame.unionByName, (pointing.join(ids, ids.columns, "left_semi") for ids in moved))

    def rekeyed(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        now = versions()
        for batch in batches:
            moves = [
                now[name].keys_at(batch[f"{name}_id"], batch["sold_at_utc"]) != batch[f"{name}_key"].to_numpy()
                for name in now
            ]
            yield pa.RecordBatch.from_arrays([batch["sold_on"].filter(pa.array(np.any(moves, axis=0)))], ["sold_on"])

    return months_in(touched.mapInArrow(rekeyed, "sold_on date"), "sold_on")
