"""What a value must look like, kind by kind, and the words in which the judge tells that it does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from pyspark.sql.pandas.types import from_arrow_type

from batch_etl.contract import Column, Contract
from batch_etl.transforms.judge import judge
from batch_etl.transforms.values import arrow_type, spark_type

Draw = Callable[[str], pa.Table]


def rules(name: str, kind: str, physical_type: str, **more: object) -> Column:
    return Column.model_validate(
        {"name": name, "kind": kind, "physical_type": physical_type, "description": "", **more}
    )


def contract_of(*columns: Column) -> Contract:
    return Contract(
        dataset="drawn",
        file_format="csv",
        file_pattern="*",
        columns=columns,
        key=(columns[0].name,),
        version_order=(),
        ledger_amount=None,
        references={},
    )


# The rules of a column, then values beside the reason that each must meet; nothing stands for a valid value.
INTEGER = rules("n", "integer", "integer", is_required=True, minimum="1", maximum="9999")
INTEGERS = r"""
n                     | reason
1                     |
9999                  |
10000                 | above 9999: 10000
2147483647            | above 9999: 2147483647
007                   |
000000000000000001    |
                      | missing
0                     | below 1: 0
-0                    | below 1: -0
-5                    | below 1: -5
2147483648            | not an integer: 2147483648
0000000000000000001   | not an integer: 0000000000000000001
99999999999999999999  | not an integer: 99999999999999999999
1.0                   | not an integer: 1.0
1e3                   | not an integer: 1e3
+1                    | not an integer: +1
--1                   | not an integer: --1
-                     | not an integer: -
1,000                 | not an integer: 1,000
" 1"                  | "not an integer:  1"
"1\n"                 | "not an integer: 1\n"
٣                     | not an integer: ٣
½                     | not an integer: ½
null                  | not an integer: null
"""
BIGINT = rules("n", "integer", "bigint")
BIGINTS = """
n                   | reason
999999999999999999  |
-999999999999999999 |
1000000000000000000 | not an integer: 1000000000000000000
"""
DECIMAL = rules(
    "n",
    "decimal",
    "numeric(6,2)",
    precision=6,
    scale=2,
    minimum="-10",
    maximum="1000.50",
)
DECIMALS = r"""
n           | reason
0           |
0.1         |
-10.00      |
1000.50     |
0001        |
            |
1000.51     | above 1000.50: 1000.51
-10.01      | below -10: -10.01
00001       | not a number: 00001
99999       | not a number: 99999
1.005       | not a number: 1.005
1.000       | not a number: 1.000
1.          | not a number: 1.
.5          | not a number: .5
1,5         | not a number: 1,5
1.234,56    | not a number: 1.234,56
1e2         | not a number: 1e2
$5          | not a number: $5
5%          | not a number: 5%
"5 "        | "not a number: 5 "
NaN         | not a number: NaN
Infinity    | not a number: Infinity
٣.٥         | not a number: ٣.٥
"""
DATE = rules("d", "date", "date", time_format="yyyy-MM-dd", minimum="2000-01-01", maximum="2099-12-31")
DATES = r"""
d                 | reason
2000-01-01        |
2024-02-29        |
2099-12-31        |
1999-12-31        | below 2000-01-01: 1999-12-31
2100-01-01        | above 2099-12-31: 2100-01-01
2025-02-29        | not a date: 2025-02-29
2025-02-30        | not a date: 2025-02-30
2025-13-01        | not a date: 2025-13-01
2025-00-10        | not a date: 2025-00-10
2025-1-01         | not a date: 2025-1-01
2025-01-01 extra  | not a date: 2025-01-01 extra
01.02.2025        | not a date: 01.02.2025
2025/01/01        | not a date: 2025/01/01
20250101          | not a date: 20250101
"2025-01-01\n"    | "not a date: 2025-01-01\n"
٢٠٢٥-٠١-٠١        | not a date: ٢٠٢٥-٠١-٠١
today             | not a date: today
"""
TIMESTAMP = rules(
    "t",
    "timestamp",
    "timestamptz",
    time_format="yyyy-MM-dd'T'HH:mm:ss'Z'",
    minimum="2015-01-01T00:00:00Z",
    maximum="2099-12-31T23:59:59Z",
)
TIMESTAMPS = r"""
t                          | reason
2015-01-01T00:00:00Z       |
2024-02-29T23:59:59Z       |
2099-12-31T23:59:59Z       |
2014-12-31T23:59:59Z       | below 2015-01-01T00:00:00Z: 2014-12-31T23:59:59Z
2100-01-01T00:00:00Z       | above 2099-12-31T23:59:59Z: 2100-01-01T00:00:00Z
2025-02-30T10:00:00Z       | not a timestamp: 2025-02-30T10:00:00Z
2025-01-01T24:00:00Z       | not a timestamp: 2025-01-01T24:00:00Z
2025-01-01T10:60:00Z       | not a timestamp: 2025-01-01T10:60:00Z
2025-01-01T23:59:60Z       | not a timestamp: 2025-01-01T23:59:60Z
2025-01-01T10:00:00        | not a timestamp: 2025-01-01T10:00:00
2025-01-01T10:00:00+01:00  | not a timestamp: 2025-01-01T10:00:00+01:00
2025-01-01T10:00:00.5Z     | not a timestamp: 2025-01-01T10:00:00.5Z
2025-01-01 10:00:00Z       | not a timestamp: 2025-01-01 10:00:00Z
2025-01-01T10:00Z          | not a timestamp: 2025-01-01T10:00Z
2025-01-01T10:00:00z       | not a timestamp: 2025-01-01T10:00:00z
2025-01-01                 | not a timestamp: 2025-01-01
1735725600                 | not a timestamp: 1735725600
"""
BOOLEAN = rules("b", "boolean", "boolean", is_required=True)
BOOLEANS = r"""
b       | reason
true    |
false   |
        | missing
TRUE    | not a boolean: TRUE
1       | not a boolean: 1
yes     | not a boolean: yes
"""
TEXT = rules("s", "text", "text", min_length=2, max_length=4, pattern="^[a-z🎁]+$")
TEXTS = r"""
s        | _not_text | reason
ab       |           |
🎁🎁     |           |
         |           |
a        |           | shorter than 2: a
abcde    |           | longer than 4: abcde
🎁🎁🎁🎁🎁 |          | longer than 4: 🎁🎁🎁🎁🎁
ABC      |           | does not match the pattern: ABC
" ab"    |           | "does not match the pattern:  ab"
"ab\n"   |           | "does not match the pattern: ab\n"
"\nab"   |           | "does not match the pattern: \nab"
12       | s         | not text: 12
true     | s         | not text: true
ab       | other     |
"""
ENUM = rules("s", "text", "text", allowed_values=("north", "it's"))
ENUMS = r"""
s         | reason
north     |
it's      |
          |
North     | not an allowed value: North
" north"  | "not an allowed value:  north"
"north,it's" | not an allowed value: north,it's
"""


@pytest.mark.parametrize(
    ("column", "drawing"),
    [
        pytest.param(INTEGER, INTEGERS, id="integer"),
        pytest.param(BIGINT, BIGINTS, id="bigint"),
        pytest.param(DECIMAL, DECIMALS, id="decimal"),
        pytest.param(DATE, DATES, id="date"),
        pytest.param(TIMESTAMP, TIMESTAMPS, id="timestamp"),
        pytest.param(BOOLEAN, BOOLEANS, id="boolean"),
        pytest.param(TEXT, TEXTS, id="text"),
        pytest.param(ENUM, ENUMS, id="enum"),
    ],
)
def test_a_value_meets_the_first_rule_that_it_breaks(ingested: Draw, column: Column, drawing: str) -> None:
    records = ingested(drawing)

    judgement = judge(records, contract_of(column))

    told = dict.fromkeys(judgement.valid["_record_number"].to_pylist())
    told |= {row["_record_number"]: row["_reasons"] for row in judgement.rejected.to_pylist()}
    wanted = {
        row["_record_number"]: row["reason"] and [f"{column.name}: {row['reason']}"] for row in records.to_pylist()
    }
    assert dict(sorted(told.items())) == wanted


def test_valid_values_are_typed_to_the_letter(ingested: Draw) -> None:
    contract = contract_of(INTEGER, DECIMAL.model_copy(update={"name": "m"}), DATE, TIMESTAMP, BOOLEAN, TEXT)

    judgement = judge(
        ingested("""
        n   | m    | d          | t                    | b     | s
        007 | 1.1  | 2024-02-29 | 2024-02-29T23:59:59Z | true  | ab
        1   |      |            |                      | false |
        """),
        contract,
    )

    moment = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)
    assert [tuple(row.values()) for row in judgement.valid.to_pylist()] == [
        (7, Decimal("1.10"), date(2024, 2, 29), moment, True, "ab", 1, "file", "b1"),
        (1, None, None, None, False, None, 2, "file", "b1"),
    ]
    assert {field.name: str(field.type) for field in judgement.valid.schema} == {
        **{"n": "int32", "m": "decimal128(6, 2)", "d": "date32[day]", "t": "timestamp[us, tz=UTC]"},
        **{"b": "bool", "s": "string", "_record_number": "int64", "_source_file": "string", "_batch_id": "string"},
    }
    assert not len(judgement.rejected)


@pytest.mark.parametrize(
    "physical_type", ["smallint", "integer", "bigint", "numeric(6,2)", "text", "date", "timestamptz", "boolean"]
)
def test_spark_and_arrow_have_the_same_type_for_a_column(physical_type: str) -> None:
    kinds = {"numeric(6,2)": "decimal", "timestamptz": "timestamp", "smallint": "integer", "bigint": "integer"}
    column = rules("n", kinds.get(physical_type, physical_type), physical_type, precision=6, scale=2)

    assert from_arrow_type(arrow_type(column)).simpleString() == spark_type(column)


def test_a_reason_shows_the_beginning_of_a_long_value(ingested: Draw) -> None:
    rejected = judge(ingested(f"n\n{'7' * 5000}"), contract_of(INTEGER)).rejected

    assert rejected["_reasons"].to_pylist() == [[f"n: not an integer: {'7' * 100}"]]
