"""Which version of a record stands: a total order, whatever the order of the rows."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from batch_etl.contract import Column, Contract
from batch_etl.transforms.versions import current_versions, highest_versions

Draw = Callable[..., DataFrame]

PRICES = Contract(
    dataset="prices",
    file_format="csv",
    file_pattern="*",
    columns=(
        Column(name="id", kind="text", physical_type="text", description=""),
        Column(name="note", kind="text", physical_type="text", description=""),
        Column(name="price", kind="decimal", physical_type="numeric(12,2)", description="", precision=12, scale=2),
        Column(name="known_at", kind="timestamp", physical_type="timestamptz", description=""),
    ),
    key=("id",),
    version_order=("known_at",),
    ledger_amount="price",
    references={},
)

# What stands for each record: the number of the record kept and the kind of duplicate it is, nothing where it is kept.
VERSIONS = """
_record_number | id | note | price | known_at            | stands | kind
1              | A  | x    | 1.00  | 2025-01-01 00:00:00 | 4      | superseded version
2              | A  | x    | 2.00  | 2025-01-03 00:00:00 | 4      | superseded version
3              | A  | x    | 9.00  | 2025-01-02 00:00:00 | 4      | superseded version
4              | A  | y    | 1.00  | 2025-01-03 00:00:00 |        |
5              | B  | x    | 1.00  | 2025-01-01 00:00:00 |        |
6              | B  | x    | 1.00  | 2025-01-01 00:00:00 | 5      | exact copy
7              | B  | x    | 1.00  | 2025-01-01 00:00:00 | 5      | exact copy
8              | C  |      | 1.00  | 2025-01-01 00:00:00 | 9      | superseded version
9              | C  | A    | 1.00  | 2025-01-01 00:00:00 |        |
10             | D  |      |       | 2025-01-01 00:00:00 |        |
11             | D  |      |       | 2025-01-01 00:00:00 | 10     | exact copy
12             | E  | é    | 1.00  | 2025-01-01 00:00:00 | 13     | superseded version
13             | E  | 🎁   | 1.00  | 2025-01-01 00:00:00 |        |
14             | E  | z    | 1.00  | 2025-01-01 00:00:00 | 13     | superseded version
15             | F  | x    | 10.00 | 2025-01-01 00:00:00 |        |
16             | F  | x    | 9.00  | 2025-01-01 00:00:00 | 15     | superseded version
"""
TYPES = {"_record_number": "long", "price": "decimal(12,2)", "known_at": "timestamp", "stands": "long"}


Standing = Callable[[DataFrame], pa.Table]
WAYS: dict[str, Standing] = {
    "Spark": lambda rows: current_versions(rows.repartition(3), PRICES).toArrow(),
    "Arrow": lambda rows: highest_versions(rows.toArrow(), PRICES),
}


@pytest.fixture(params=WAYS)
def standing(request: pytest.FixtureRequest) -> Standing:
    return WAYS[request.param]


def told(rows: pa.Table) -> list[str]:
    assert rows.column_names == list(PRICES.column_names)
    return sorted(map(str, rows.to_pylist()))


def test_across_files_the_same_version_stands_as_within_one(table: Draw, standing: Standing) -> None:
    drawn = table(VERSIONS, **TYPES)

    kept = drawn.where("kind IS NULL").select(*PRICES.column_names)
    assert told(standing(drawn)) == told(kept.toArrow())


def test_the_version_that_stands_does_not_depend_on_which_file_came_first(
    table: Draw, spark: SparkSession, standing: Standing
) -> None:
    drawn = table(VERSIONS, **TYPES)
    first, second = drawn.where("_record_number % 2 = 0"), drawn.where("_record_number % 2 = 1")

    def one_after_the_other(before: DataFrame, after: DataFrame) -> list[str]:
        stood = spark.createDataFrame(standing(before), before.select(*PRICES.column_names).schema)
        return told(standing(stood.unionByName(after.select(*PRICES.column_names))))

    at_once = told(standing(drawn))
    assert one_after_the_other(first, second) == at_once
    assert one_after_the_other(second, first) == at_once
