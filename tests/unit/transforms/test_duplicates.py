"""Which record of a file stands: a total order, whatever the order of the rows, the same as across files."""

import numpy as np
import pyarrow as pa
import pytest

from batch_etl.transforms.duplicates import among, key_hashes, repeated, set_apart, split_duplicates
from batch_etl.transforms.values import arrow_type
from tests.drawing import read_drawing
from tests.unit.transforms.test_versions import PRICES, VERSIONS


def drawn() -> pa.Table:
    names, rows = read_drawing(VERSIONS)
    types = {column.name: arrow_type(column) for column in PRICES.columns}
    types |= {"known_at": pa.timestamp("us"), "_record_number": pa.int64(), "stands": pa.int64()}
    arrays = [
        pa.array([row[i] for row in rows], pa.string()).cast(types.get(n, pa.string())) for i, n in enumerate(names)
    ]
    return pa.table(arrays, names=names)


@pytest.mark.parametrize("arrival", ["in order", "in reverse"])
def test_one_record_of_a_key_stands_and_the_others_say_why_they_do_not(arrival: str) -> None:
    records = drawn()
    wanted = {row["_record_number"]: (row["stands"], row["kind"]) for row in records.to_pylist()}
    arrived = records.drop_columns(["stands", "kind"])
    if arrival == "in reverse":
        arrived = arrived.take(list(reversed(range(len(arrived)))))

    kept, duplicates = split_duplicates(arrived, PRICES)

    told = {row["_record_number"]: (None, None) for row in kept.to_pylist()}
    assert not told.keys() & set(duplicates["_record_number"].to_pylist())
    told |= {row["_record_number"]: (row["_stands"], row["_kind"]) for row in duplicates.to_pylist()}
    assert told == wanted


def test_both_parts_keep_the_columns_of_the_records() -> None:
    records = drawn().drop_columns(["stands", "kind"])

    kept, duplicates = split_duplicates(records, PRICES)

    assert kept.schema == records.schema
    assert duplicates.column_names == [*records.column_names, "_kind", "_stands"]


def test_a_file_without_records_has_neither() -> None:
    kept, duplicates = split_duplicates(drawn().drop_columns(["stands", "kind"]).slice(0, 0), PRICES)

    assert (len(kept), len(duplicates)) == (0, 0)


def test_records_with_one_of_the_keys_are_set_apart() -> None:
    hashes = np.sort(key_hashes(pa.table({"id": ["A", "E", "Z"]}), PRICES))

    rest, apart = set_apart(drawn(), hashes, PRICES)

    assert rest["id"].to_pylist() == ["B", "B", "B", "C", "C", "D", "D", "F", "F"]
    assert apart["id"].to_pylist() == ["A", "A", "A", "A", "E", "E", "E"]


def test_keys_of_several_columns_have_the_same_number_where_every_column_is_the_same() -> None:
    contract = PRICES.model_copy(update={"key": ("id", "known_at")})
    hashes = key_hashes(drawn(), contract)

    keys = zip(drawn()["id"].to_pylist(), drawn()["known_at"].to_pylist(), strict=True)
    both = set(zip(keys, hashes.tolist(), strict=True))
    assert len(both) == len({key for key, _ in both}) == len({number for _, number in both})


def test_hashes_are_found_among_others_that_are_in_order() -> None:
    hashes = np.array([9, 5, 1, 2**64 - 1, 5, 3], np.uint64)
    for in_order in ([], [5], [1, 5, 9], [0, 2, 4], [3, 2**64 - 1]):
        others = np.array(in_order, np.uint64)
        assert among(hashes, others).tolist() == [each in in_order for each in hashes.tolist()]


def test_only_numbers_that_are_there_again_are_repeated() -> None:
    assert repeated(np.array([5, 3, 5, 1, 3, 5], np.uint64)).tolist() == [3, 5]
    assert repeated(np.array([], np.uint64)).tolist() == []
