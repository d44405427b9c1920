"""Dimensions with history, and days without gaps."""

from datetime import date

import pyarrow as pa
import pytest

from batch_etl.transforms.star import build_dates, build_dimension
from tests.drawing import draw_table

MOMENT = pa.timestamp("us", "UTC")
TYPES = {
    **dict.fromkeys(("updated_at_utc", "valid_from_utc", "valid_to_utc"), MOMENT),
    **dict.fromkeys(("points", "year", "quarter", "month", "iso_week", "day", "iso_weekday"), pa.int32()),
    **dict.fromkeys(("is_current", "is_weekend"), pa.bool_()),
    "date": pa.date32(),
}
# The second file brings what happened before the first one.
CUSTOMERS = """
customer_id | updated_at_utc       | full_name | segment | points
C2          | 2025-01-01T00:00:00Z | Bo        | retail  |
C1          | 2025-03-01T00:00:00Z | Ann Smith | retail  | 3
C1          | 2025-01-01T00:00:00Z | Ann Jones | retail  | 1
C1          | 2025-02-01T12:00:00Z | Ann Jones | trade   | 2
"""


def customers(drawing: str = CUSTOMERS) -> pa.Table:
    versions = draw_table(drawing, TYPES)
    return build_dimension(versions, name="customer", unknown={"full_name": "unknown", "segment": "unknown"})


def test_versions_follow_each_other_without_gap_in_whatever_order_they_came() -> None:
    wanted = draw_table(
        """
        customer_id | full_name | segment | points | valid_from_utc       | valid_to_utc         | is_current
        C1          | Ann Jones | retail  | 1      | 1900-01-01T00:00:00Z | 2025-02-01T12:00:00Z | false
        C1          | Ann Jones | trade   | 2      | 2025-02-01T12:00:00Z | 2025-03-01T00:00:00Z | false
        C1          | Ann Smith | retail  | 3      | 2025-03-01T00:00:00Z | 9999-12-31T00:00:00Z | true
        C2          | Bo        | retail  |        | 1900-01-01T00:00:00Z | 9999-12-31T00:00:00Z | true
        unknown     | unknown   | unknown |        | 1900-01-01T00:00:00Z | 9999-12-31T00:00:00Z | true
        """,
        TYPES,
    )

    told = customers()

    assert told.column_names == ["customer_key", *wanted.column_names]
    assert told.drop_columns("customer_key").to_pylist() == wanted.to_pylist()


@pytest.mark.parametrize(
    "again",
    [
        "C1 | 2025-04-01T00:00:00Z | Ann Smith | retail | 3",
        "C2 | 2025-01-02T00:00:00Z | Bo | retail |",
    ],
)
def test_a_version_that_changes_nothing_is_none(again: str) -> None:
    assert customers(CUSTOMERS + again).to_pylist() == customers().to_pylist()


@pytest.mark.parametrize("attribute", ["full_name", "segment", "points"])
def test_what_becomes_known_or_unknown_has_changed(attribute: str) -> None:
    known = {"full_name": "Bo", "segment": "retail", "points": "1"}
    for first, second in (({}, known), (known, {**known, attribute: ""})):
        lines = [
            " | ".join(["C9", moment, *(told.get(name, "") for name in known)])
            for moment, told in (("2025-01-01T00:00:00Z", first), ("2025-01-02T00:00:00Z", second))
        ]
        names = CUSTOMERS.strip().splitlines()[0]
        assert len(customers("\n".join([names, *lines]))) == 2 + 1


def test_a_key_is_its_own_and_stays_when_versions_arrive_late() -> None:
    names, *versions = CUSTOMERS.strip().splitlines()

    def keys(dimension: pa.Table) -> dict[tuple[str, str], int]:
        return {
            (row["customer_id"], row["full_name"]): row["customer_key"]
            for row in dimension.to_pylist()
            if row["is_current"] and row["customer_key"] != -1
        }

    late, early = customers(), customers("\n".join([names, *versions[:2]]))
    assert len(late["customer_key"].unique()) == 5
    assert [row["customer_id"] for row in late.to_pylist() if row["customer_key"] == -1] == ["unknown"]
    assert keys(early) == keys(late)


def test_a_key_is_the_same_on_every_machine() -> None:
    # The first 64 bits of BLAKE2b of "C1 1735689600000000", the lowest byte first.
    assert customers()["customer_key"][0].as_py() == 2574243494121036774


def test_without_versions_there_is_the_unknown_member() -> None:
    (only,) = customers(CUSTOMERS.strip().splitlines()[0]).to_pylist()

    assert (only["customer_key"], only["customer_id"], only["points"]) == (-1, "unknown", None)


def test_every_day_of_the_years_is_there() -> None:
    days = build_dates(range(2023, 2026))

    found = days["calendar_date"].to_pylist()
    assert len(set(found)) == len(found) == 365 + 366 + 365
    assert [min(found), max(found)] == [date(2023, 1, 1), date(2025, 12, 31)]
    wanted = draw_table(
        """
        date       | year | quarter | month | iso_week | day | iso_weekday | month_name | weekday_name | is_weekend
        2023-12-31 | 2023 | 4       | 12    | 52       | 31  | 7           | December   | Sunday       | true
        2024-01-01 | 2024 | 1       | 1     | 1        | 1   | 1           | January    | Monday       | false
        2024-02-29 | 2024 | 1       | 2     | 9        | 29  | 4           | February   | Thursday     | false
        2024-03-02 | 2024 | 1       | 3     | 9        | 2   | 6           | March      | Saturday     | true
        2024-12-30 | 2024 | 4       | 12    | 1        | 30  | 1           | December   | Monday       | false
        2024-12-31 | 2024 | 4       | 12    | 1        | 31  | 2           | December   | Tuesday      | false
        """,
        TYPES,
    )
    edges = [row for row in map(tuple, map(dict.values, days.to_pylist())) if row[0] in wanted["date"].to_pylist()]
    assert edges == [tuple(row.values()) for row in wanted.to_pylist()]


def test_without_a_year_there_is_no_day() -> None:
    assert len(build_dates(range(0))) == 0
