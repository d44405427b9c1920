"""Which record of a file stands where several have the same key."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

from batch_etl.contract import Contract

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
    ranked = doubled.take(pc.sort_indices(doubled, sort_keys=_highest_first(contract)))
    is_first = pc.invert(_repeats_the_row_before(ranked, contract.key))
    # Of each record the place of the one that stands: the first of its key.
    places = pa.array(range(len(ranked)), pa.int64())
    first = pc.fill_null_forward(pc.if_else(is_first, places, pa.scalar(None, pa.int64())))
    is_copy = _same(ranked, ranked.take(first), contract.column_names)
    others = pc.invert(is_first)
    kind = pc.if_else(is_copy.filter(others), EXACT_COPY, SUPERSEDED)
    stands = ranked["_record_number"].take(first).filter(others)
    duplicates = ranked.filter(others).append_column("_kind", kind).append_column("_stands", stands)
    return ranked.filter(is_first), duplicates


def _highest_first(contract: Contract) -> list[tuple[str, str, str]]:
    """A total order: by key, the highest version first, of equal ones the first in the file; nothing is lowest."""
    rank = dict.fromkeys([*contract.version_order, *contract.column_names])
    by_version = [(name, "descending", "at_end") for name in rank if name not in contract.key]
    return [
        *((name, "ascending", "at_end") for name in contract.key),
        *by_version,
        ("_record_number", "ascending", "at_end"),
    ]


def _repeats_the_row_before(ranked: pa.Table, names: tuple[str, ...]) -> pa.Array:
    if not len(ranked):
        return pa.array([], pa.bool_())
    same = _same(ranked.slice(1), ranked.slice(0, len(ranked) - 1), names)
    return pa.concat_arrays([pa.array([False]), same])


def _same(one: pa.Table, other: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """Row by row whether the columns are the same; two missing values are."""
    same = pa.repeat(pa.scalar(True), len(one))
    for name in names:
        a, b = one[name].combine_chunks(), other[name].combine_chunks()
        both_missing = pc.and_(pc.is_null(a), pc.is_null(b))
        same = pc.and_(same, pc.or_(both_missing, pc.fill_null(pc.equal(a, b), False)))
    return same
