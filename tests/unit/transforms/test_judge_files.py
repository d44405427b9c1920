"""Files that write their values another way, and rules that only tell."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from batch_etl.contract import Dialect
from batch_etl.transforms.judge import judge
from tests.unit.transforms.test_judge_values import ENUM, contract_of, rules

Draw = Callable[[str], pa.Table]


def test_values_are_read_as_the_file_writes_them(ingested: Draw) -> None:
    price = rules("m", "decimal", "numeric(6,2)", precision=6, scale=2, minimum="1.5")
    opened = rules("d", "date", "date", time_format="dd/MM/yyyy", minimum="2000-01-01")
    changed = rules("t", "timestamp", "timestamptz", time_format="dd.MM.yyyy HH:mm")
    contract = contract_of(price, opened, changed).model_copy(update={"dialect": Dialect(decimal_separator=",")})

    judgement = judge(
        ingested("""
        m    | d          | t
        1,5  | 29/02/2024 | 31.12.2025 23:59
        1.5  | 30/02/2024 | 2025-12-31T23:59:00Z
        1,49 | 31/12/1999 | 31.12.2025 24:00
        """),
        contract,
    )

    moment = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    assert [tuple(row.values())[:3] for row in judgement.valid.to_pylist()] == [
        (Decimal("1.50"), date(2024, 2, 29), moment)
    ]
    assert judgement.rejected["_reasons"].to_pylist() == [
        ["m: not a number: 1.5", "d: not a date: 30/02/2024", "t: not a timestamp: 2025-12-31T23:59:00Z"],
        ["m: below 1.5: 1,49", "d: below 2000-01-01: 31/12/1999", "t: not a timestamp: 31.12.2025 24:00"],
    ]


def test_values_are_normalised_before_they_are_judged_and_told_as_they_are_written(ingested: Draw) -> None:
    town = rules(
        "s", "text", "text", is_required=True, max_length=9, normalisations=("trim", "collapse_blanks", "lower")
    )

    judgement = judge(ingested('s\n"  Bad \\t  IschL "\n"  "\n"  too  long a name "'), contract_of(town))

    assert judgement.valid["s"].to_pylist() == ["bad ischl"]
    assert judgement.rejected["_reasons"].to_pylist() == [["s: missing"], ["s: longer than 9:   too  long a name "]]


BLANKS = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"


@pytest.mark.parametrize(
    ("step", "written", "normal"),
    [
        ("trim", f"{BLANKS}a{BLANKS}b{BLANKS}", f"a{BLANKS}b"),
        ("collapse_blanks", f"{BLANKS}a{BLANKS}b{BLANKS}", " a b "),
        ("trim", "\u200ba\ufeff", "\u200ba\ufeff"),
        ("collapse_blanks", "\u200b\u200b", "\u200b\u200b"),
        # One character stays one character.
        ("upper", "straße ŉ ﬁ", "STRAẞE ŉ ﬁ"),
        ("lower", "İΣ", "iσ"),
        ("nfc", "e\u0301", "é"),
    ],
)
def test_a_normalisation_does_one_thing(ingested: Draw, step: str, written: str, normal: str) -> None:
    column = rules("s", "text", "text", normalisations=(step,))

    assert judge(ingested(f"s\n{json.dumps(written)}"), contract_of(column)).valid["s"].to_pylist() == [normal]


def test_a_rule_that_only_warns_counts_and_lets_pass(ingested: Draw) -> None:
    region = ENUM.model_copy(update={"warns_only": True})

    judgement = judge(ingested("s\nnorth\nmoon\nmars"), contract_of(region))

    assert judgement.valid["s"].to_pylist() == ["north", "moon", "mars"]
    assert judgement.warnings == {"s: not an allowed value": 2}
    assert not len(judgement.rejected)
