"""What differs between two deliveries: keys against sets of Python, and the months of moments."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.transforms.facts import Versions
from batch_etl.transforms.months import are_rekeyed, have_key, keys_that_differ, months_in

SCHEMA = pa.schema([("shop", pa.string()), ("number", pa.int64()), ("note", pa.string())])
Row = tuple[str, int, str | None]
ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.sampled_from(["x", "y", None])))


def as_table(rows: list[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], schema=SCHEMA)


def as_rows(table: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("width", [1, 2])
@given(gone=ROWS, new=ROWS)
def test_a_key_differs_where_one_of_its_rows_is_in_one_delivery_alone(
    width: int, gone: list[Row], new: list[Row]
) -> None:
    keys = keys_that_differ(as_table(gone), as_table(new), SCHEMA.names[:width])

    told = as_rows(keys)
    assert set(told) == {row[:width] for row in set(gone) ^ set(new)}
    assert len(told) == len(set(told))


@pytest.mark.parametrize("width", [1, 2])
@given(rows=ROWS, others=ROWS)
def test_rows_have_a_key_where_all_its_columns_are_theirs(width: int, rows: list[Row], others: list[Row]) -> None:
    keys = keys_that_differ(as_table([]), as_table(others), SCHEMA.names[:width])

    found = have_key(as_table(rows), keys)

    assert list(found) == [row[:width] in {other[:width] for other in others} for row in rows]


def test_the_months_of_days_and_of_moments() -> None:
    days = pa.chunked_array([[date(2025, 1, 31), date(1969, 12, 31)], [date(2025, 1, 1)]])
    moments = pa.chunked_array([[datetime(2025, 1, 31, 23, 59, 59, 999_999, UTC)]], pa.timestamp("us", "UTC"))

    assert months_in(days) == {"2025-01", "1969-12"}
    assert months_in(moments) == {"2025-01"}
    assert months_in(moments.slice(1)) == set()


def test_a_sale_is_rekeyed_where_a_member_that_moved_gives_it_another_version() -> None:
    kind, day = pa.timestamp("us", "UTC"), [datetime(2025, 1, number, tzinfo=UTC) for number in range(1, 9)]
    begins = pa.chunked_array([[day[0], day[3], day[0]]], kind)
    customers = Versions.of(pa.chunked_array([["A", "A", "B"]]), pa.chunked_array([[1, 2, 3]]), begins)
    facts = pa.table(
        {
            "sold_at_utc": pa.array([day[1], day[4], day[4], day[5]], kind),
            "customer_id": ["A", "A", "B", "C"],
            "customer_key": [1, 1, 9, 9],
        }
    )

    def rekeyed(*moved: str) -> list[int]:
        found = are_rekeyed(facts, {"customer": pa.array(moved, pa.string())}, {"customer": customers})
        return np.flatnonzero(found).tolist()

    assert rekeyed("A") == [1]
    assert rekeyed("B") == [2]
    assert rekeyed("A", "B", "C", "D") == [1, 2, 3]
    assert rekeyed() == []
