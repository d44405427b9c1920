"""What new records and new versions change: keys, and the months whose sales they touch."""

from collections.abc import Mapping, Sequence
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import Column as Expression
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.transforms.facts import Versions
from batch_etl.transforms.values import one_chunk


def month_of(column: str) -> Expression:
    return F.date_format(column, "yyyy-MM")


def months_in(moments: pa.ChunkedArray) -> set[str]:
    """The months of days, or of moments in UTC, as 2025-03."""
    return set(map(str, np.unique(moments.to_numpy().astype("datetime64[M]"))))


def keys_that_differ(gone: pa.Table, new: pa.Table, key: Sequence[str]) -> pa.Table:
    """The keys of the rows that only one of both tables holds, each once. Both have the same columns."""
    sides = [rows.append_column("_side", pa.repeat(side, len(rows))) for side, rows in enumerate((gone, new))]
    rows = pa.concat_tables(sides).group_by(gone.column_names).aggregate([("_side", "min"), ("_side", "max")])
    differ = rows.filter(pc.equal(rows["_side_min"], rows["_side_max"]))
    return differ.group_by(list(key)).aggregate([])


def have_key(rows: pa.Table, keys: pa.Table) -> np.ndarray:
    """Which rows have one of these keys: the columns of keys."""
    each = [pc.is_in(rows[name], value_set=keys[name].combine_chunks()) for name in keys.column_names]
    found: np.ndarray = reduce(pc.and_, each).to_numpy()
    if len(each) == 1:
        return found
    # Each of their columns has such a value: whether one key has them all?
    places = np.flatnonzero(found)
    some = rows.select(keys.column_names).take(places).append_column("_place", pa.array(places))
    found[:] = False
    found[some.join(keys, keys.column_names, join_type="left semi")["_place"].to_numpy()] = True
    return found


def moved_versions(before: pa.Table, after: pa.Table, *, name: str) -> pa.Array:
    """<name>_id of the members of a dimension whose versions hold at other times than before, or are others."""
    held = [f"{name}_id", f"{name}_key", "valid_from_utc", "valid_to_utc"]
    ids = keys_that_differ(before.select(held), after.select(held), [f"{name}_id"])
    return ids[f"{name}_id"].combine_chunks()


def are_rekeyed(facts: pa.Table, moved: Mapping[str, pa.Array], versions: Mapping[str, Versions]) -> np.ndarray:
    """Which sales meet another version of their customer or product than they were written with.

    facts     core.fct_sale as it was
    moved     dimension -> ids of its members that changed
    versions  dimension -> its versions now
    """
    rekeyed = np.zeros(len(facts), bool)
    for name, ids in moved.items():
        places = np.flatnonzero(pc.is_in(facts[f"{name}_id"], value_set=ids).to_numpy())
        some = facts.select([f"{name}_id", f"{name}_key", "sold_at_utc"]).take(places).combine_chunks()
        now = versions[name].keys_at(one_chunk(some[f"{name}_id"]), one_chunk(some["sold_at_utc"]))
        rekeyed[places] |= now != some[f"{name}_key"].to_numpy()
    return rekeyed
