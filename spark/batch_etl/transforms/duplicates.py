"""Which record of a file stands where several have the same key."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

from batch_etl.contract import Contract
from batch_etl.transforms.versions import highest_first, repeats_the_row_before, same_rows

EXACT_COPY = "exact copy"
SUPERSEDED = "superseded version"
# Mixes the hashes of several columns: odd, so that no bit is lost.
_ODD = np.uint64(1_000_003)


def split_duplicates(
    valid: pa.Table, contract: Contract, hashes: np.ndarray | None = None
) -> tuple[pa.Table, pa.Table]:
    """Part the records that stand from those that repeat their key.

    valid       typed contract columns plus the lineage columns
    hashes      its key_hashes(), where somebody has them already
    kept        the same columns, one row a key: the highest version, of equal copies the first in the file
    duplicates  the others, plus _kind ('exact copy' or 'superseded version') and _stands, the number of the record kept

    rows(valid) = rows(kept) + rows(duplicates), whatever the order of the rows.
    """
    hashes = key_hashes(valid, contract) if hashes is None else hashes
    rest, doubled = _parted(valid, among(hashes, repeated(hashes)))
    kept, duplicates = _ranked(doubled, contract)
    return pa.concat_tables([rest, kept]), duplicates


def key_hashes(records: pa.Table, contract: Contract) -> np.ndarray:
    """A number a record, uint64: the same wherever the key is the same, and nearly never elsewhere."""
    hashes = np.zeros(len(records), np.uint64)
    for name in contract.key:
        words = records[name].cast(pa.string()).to_numpy(zero_copy_only=False)
        hashes = hashes * _ODD + hash_array(words, categorize=False)
    return hashes


def repeated(hashes: np.ndarray) -> np.ndarray:
    """Those numbers that are there more than once, in order."""
    in_order = np.sort(hashes)
    return np.unique(in_order[1:][in_order[1:] == in_order[:-1]])


def among(hashes: np.ndarray, in_order: np.ndarray) -> np.ndarray:
    """Which hashes are there among others that are in order: without sorting any, as numpy's isin would."""
    if not len(in_order):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(in_order, hashes), len(in_order) - 1)
    found: np.ndarray = in_order[places] == hashes
    return found


def set_apart(records: pa.Table, hashes: np.ndarray, contract: Contract) -> tuple[pa.Table, pa.Table]:
    """Part the records whose key has none of these hashes, which are in order, from those whose key has one."""
    return _parted(records, among(key_hashes(records, contract), hashes))


def _parted(records: pa.Table, is_apart: np.ndarray) -> tuple[pa.Table, pa.Table]:
    return records.filter(pa.array(~is_apart)), records.filter(pa.array(is_apart))


def _ranked(doubled: pa.Table, contract: Contract) -> tuple[pa.Table, pa.Table]:
    ranked = doubled.take(pc.sort_indices(doubled, sort_keys=highest_first(contract, "_record_number")))
    is_first = pc.invert(repeats_the_row_before(ranked, contract.key))
    # Of each record the place of the one that stands: the first of its key.
    places = pa.array(range(len(ranked)), pa.int64())
    first = pc.fill_null_forward(pc.if_else(is_first, places, pa.scalar(None, pa.int64())))
    is_copy = same_rows(ranked, ranked.take(first), contract.column_names)
    others = pc.invert(is_first)
    kind = pc.if_else(is_copy.filter(others), EXACT_COPY, SUPERSEDED)
    stands = ranked["_record_number"].take(first).filter(others)
    duplicates = ranked.filter(others).append_column("_kind", kind).append_column("_stands", stands)
    return ranked.filter(is_first), duplicates
