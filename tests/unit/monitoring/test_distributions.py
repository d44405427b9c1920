"""The shares and quartiles of a column, and how far chance alone would move them."""

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from batch_etl.anomalies import Limits, Point, judge_point
from batch_etl.contract import Column, Kind
from batch_etl.contracts.reader import read_contract
from batch_etl.stores.audit import Ledger
from batch_etl.stores.lake import Lake, write_part
from monitoring.distributions import Measured, measure_column, measure_empty, read_values
from tests.unit.gifts import GIFTS, written
from tests.unit.test_anomalies import FIRST, days

REGION = Column(name="region", kind="text", physical_type="text", description="", allowed_values=("north", "south"))
PRICE = Column(name="price", kind="decimal", physical_type="numeric(12,2)", description="")


def measured(column: Column, values: list[object]) -> dict[str, Measured]:
    return dict(measure_column(column, pa.chunked_array([values[:1], values[1:]], pa.array(values).type)))


def test_each_allowed_value_has_its_share_of_what_is_not_empty() -> None:
    told = measured(REGION, ["north", "north", None, "north", "south"])

    assert {name: figure.value for name, figure in told.items()} == {"region is north": 0.75, "region is south": 0.25}


def test_of_many_records_every_so_many_are_read(tmp_path: Path) -> None:
    files = [
        write_part(pa.table({"price": values}), tmp_path / f"{place}.parquet")
        for place, values in enumerate(([1, 2, 3, 4, 5], [6], [7, 8, 9]))
    ]
    files.append(write_part(pa.table({"other": [1]}), tmp_path / "before the column.parquet"))

    assert read_values(files, PRICE, every=1).to_pylist() == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert read_values(files, PRICE, every=3).to_pylist() == [1, 4, 6, 7]
    assert read_values(files[3:], PRICE, every=3).to_pylist() == []


def test_empty_cells_are_those_of_what_came_and_not_of_the_table(tmp_path: Path) -> None:
    contract = read_contract(written(tmp_path, GIFTS))
    full, empty = pa.array([1] * 2000), pa.nulls(100, pa.int64())
    for batch, pieces in {"old": full, "new": empty, "young": empty}.items():
        ids = pa.array([""] * len(pieces))
        folder = Lake(tmp_path).judged("clean", "gifts", "c", batch)
        folder.mkdir(parents=True)
        # The contract of the youngest does not know of a price.
        prices = {} if batch == "young" else {"price_usd": ids}
        write_part(pa.table({"giver_id": ids, "pieces": pieces, **prices}), folder / "part.parquet")

    def shares(*batches: str) -> dict[str, float]:
        ledgers = [Ledger("gifts", batch, "c", "gifts.csv", *[0] * 8) for batch in batches]
        return {name: told.value for name, told in measure_empty(ledgers, Lake(tmp_path), {"gifts": contract}).items()}

    assert shares("new") == {"empty gifts.price_usd": 0, "empty gifts.pieces": 1}
    assert shares("old", "new", "young") == {"empty gifts.pieces": 200 / 2200, "empty gifts.price_usd": 0}
    assert shares() == {}


def test_a_value_that_is_gone_has_a_share_of_nothing() -> None:
    assert measured(REGION, ["north"])["region is south"].value == 0


def test_a_number_has_quartiles() -> None:
    told = measured(PRICE, [Decimal(f"{number}.50") for number in range(101)])

    assert {name: figure.value for name, figure in told.items()} == {
        "price at 25 %": 25.5,
        "price at 50 %": 50.5,
        "price at 75 %": 75.5,
    }


def test_a_number_of_18_digits_has_quartiles() -> None:
    account = Column(name="account", kind="integer", physical_type="bigint", description="")

    told = measured(account, [123_456_789_012_345_678, -999_999_999_999_999_999] * 10)

    assert told["account at 50 %"].value == pytest.approx(-438_271_605_493_827_160.5)


@pytest.mark.parametrize(
    ("kind", "physical_type", "allowed", "values"),
    [
        ("integer", "smallint", ("1", "2"), [1, 1, 2, 1]),
        ("boolean", "boolean", ("true", "false"), [True, True, False, True]),
    ],
)
def test_an_allowed_value_that_is_no_text_has_its_share(
    kind: Kind, physical_type: str, allowed: tuple[str, ...], values: list[object]
) -> None:
    grade = Column(name="grade", kind=kind, physical_type=physical_type, description="", allowed_values=allowed)

    assert [figure.value for figure in measured(grade, values).values()] == [0.75, 0.25]


@pytest.mark.parametrize("column", [REGION, PRICE])
def test_a_column_without_values_has_no_figure(column: Column) -> None:
    assert dict(measure_column(column, pa.chunked_array([pa.nulls(3, pa.string())]))) == {}


def judged_by_days(column: Column, draw: Callable[[], list[object]]) -> list[str]:
    """What is said of the last 40 of 100 days of files drawn alike, of each figure; those that are usual left out."""
    history: dict[str, list[Point]] = {}
    said = []
    for day in days(100, lambda *_: 0.0):
        for name, told in measured(column, draw()).items():
            points = history.setdefault(name, [])
            if len(points) >= 60:
                within = Limits(least_absolute=max(told.noise, 0.01))
                said.append(judge_point(points, Point(day.on, told.value), within).state)
            points.append(Point(day.on, told.value))
    return [state for state in said if state != "usual"]


def test_a_few_numbers_have_no_quartiles() -> None:
    assert measured(PRICE, [Decimal(5)] * 19) == {}
    assert measured(PRICE, [Decimal(5)] * 20).keys() == {"price at 25 %", "price at 50 %", "price at 75 %"}


@pytest.mark.parametrize("below", [0.5, 0.51, 0.75, 0.76])
def test_a_quartile_where_values_repeat_jumps_by_chance(below: float) -> None:
    noise = random.Random(1)  # noqa: S311 - the same noise every time is the point
    quantity = Column(name="quantity", kind="integer", physical_type="integer", description="")

    assert judged_by_days(quantity, lambda: [2 if noise.random() < below else 3 for _ in range(500)]) == []


def test_a_quartile_of_many_that_moved_is_found() -> None:
    noise = random.Random(1)  # noqa: S311 - the same noise every time is the point
    factors = iter([1.0] * 99 + [1.5])

    def prices() -> list[object]:
        factor = next(factors)
        return [factor * noise.lognormvariate(3, 0.8) for _ in range(1000)]

    assert judged_by_days(PRICE, prices) == ["spike"] * 3


@pytest.mark.parametrize(("records", "state"), [(20, "usual"), (2000, "spike")])
def test_few_records_may_differ_by_chance_and_many_may_not(records: int, state: str) -> None:
    history = days(40, lambda *_: 0.5)
    now = measured(REGION, ["north", "north", "north", "south"] * (records // 4))["region is north"]

    judged = judge_point(history, Point(FIRST.replace(month=3), now.value), Limits(least_absolute=now.noise))

    assert (now.value, judged.state) == (0.75, state)
