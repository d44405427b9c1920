"""Ten thousand random histories, delivered in disorder, against an oracle that looks at one moment at a time."""

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from batch_etl.contract import Column, Contract
from batch_etl.transforms.facts import Versions
from batch_etl.transforms.star import build_dimension
from batch_etl.transforms.versions import current_versions

HISTORIES = 10_000
START = datetime(2025, 1, 1, tzinfo=UTC)
BEGINNING, END = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)

CUSTOMERS = Contract(
    dataset="customers",
    file_format="csv",
    file_pattern="*",
    columns=(
        Column(name="customer_id", kind="text", physical_type="text", description=""),
        Column(name="city", kind="text", physical_type="text", description=""),
        # How a source that deletes would say so: a version of its own, told by an attribute.
        Column(name="is_deleted", kind="boolean", physical_type="boolean", description=""),
        Column(name="updated_at_utc", kind="timestamp", physical_type="timestamptz", description=""),
    ),
    key=("customer_id", "updated_at_utc"),
    version_order=("updated_at_utc",),
    ledger_amount=None,
    references={},
)
Content = tuple[str | None, bool]
History = dict[datetime, Content]


def moment(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.fixture(scope="module")
def histories() -> dict[str, History]:
    """Few moments and few values, so that versions repeat, return and follow each other closely."""
    dice = random.Random(4)  # noqa: S311 - a seed, no secret
    return {
        f"C{number}": {
            moment(minute): (dice.choice(("Bonn", "Lyon", None)), dice.random() < 0.2)
            for minute in dice.sample(range(12), dice.randint(1, 8))
        }
        for number in range(HISTORIES)
    }


@pytest.fixture(scope="module")
def dimension(histories: dict[str, History], spark: SparkSession) -> pa.Table:
    """core.dim_customer of what was delivered: shuffled over files, a third of it twice."""
    dice = random.Random(5)  # noqa: S311
    rows = [(name, *content, at) for name, history in histories.items() for at, content in history.items()]
    delivered = rows + dice.sample(rows, len(rows) // 3)
    dice.shuffle(delivered)
    columns = dict(zip(CUSTOMERS.column_names, zip(*delivered, strict=True), strict=True))
    clean = spark.createDataFrame(pa.table({name: list(values) for name, values in columns.items()}))
    current = current_versions(clean.repartition(3), CUSTOMERS).toArrow()
    return build_dimension(current, name="customer", unknown={"city": "unknown"})


def content_at(history: History, at: datetime) -> Content:
    """The oracle: what the last version known by then says; before the first one, what that one says."""
    begun = [version for version in history if version <= at]
    return history[max(begun, default=min(history))]


def test_versions_leave_no_gap_overlap_nothing_and_one_of_them_is_current(
    histories: dict[str, History], dimension: pa.Table
) -> None:
    told = defaultdict(list)
    for row in sorted(dimension.to_pylist(), key=lambda row: row["valid_from_utc"]):
        told[row["customer_id"]].append(row)

    assert set(told) == {*histories, "unknown"}
    for rows in told.values():
        begins, ends = [[row[side] for row in rows] for side in ("valid_from_utc", "valid_to_utc")]
        assert (begins[0], ends[-1]) == (BEGINNING, END)
        assert begins[1:] == ends[:-1]
        assert [row["is_current"] for row in rows] == [*[False] * (len(rows) - 1), True]


def test_a_version_stands_exactly_where_something_changed(histories: dict[str, History], dimension: pa.Table) -> None:
    told = defaultdict(dict)
    for row in dimension.to_pylist():
        told[row["customer_id"]][row["valid_from_utc"]] = row["city"], row["is_deleted"]

    for name, history in histories.items():
        moments = sorted(history)
        changed = [at for i, at in enumerate(moments) if not i or history[at] != history[moments[i - 1]]]
        wanted = {at if i else BEGINNING: history[at] for i, at in enumerate(changed)}
        assert told[name] == wanted


def test_a_sale_meets_what_was_known_of_its_moment(histories: dict[str, History], dimension: pa.Table) -> None:
    content = {row["customer_key"]: (row["city"], row["is_deleted"]) for row in dimension.to_pylist()}
    probes = [(name, moment(minute)) for name in histories for minute in (-1, 3, 7, 40)]
    ids = pa.array([name for name, _ in probes])
    moments = pa.array([at for _, at in probes], pa.timestamp("us", "UTC"))

    columns = (dimension[name] for name in ("customer_id", "customer_key", "valid_from_utc"))
    keys = Versions.of(*columns).keys_at(ids, moments)

    assert [content[key] for key in keys] == [content_at(histories[name], at) for name, at in probes]
