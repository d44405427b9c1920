"""Every record keeps its contract, or is set aside with every reason, in the order of the contract."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from batch_etl.contracts.reader import read_contract
from batch_etl.transforms.judge import LINEAGE, judge
from tests.unit.transforms.test_judge_values import contract_of, rules

PROJECT = Path(__file__).resolve().parents[3]


def test_a_record_tells_one_reason_a_column_in_the_order_of_the_contract(ingested: Callable[[str], pa.Table]) -> None:
    sales = read_contract(PROJECT / "config/contracts/sales.odcs.yaml")
    records = ingested("""
        region | sale_id   | customer_id | product_id | quantity | unit_price_usd | discount_rate | sold_at_utc          | payment_method | _fault
        north  | S00000001 | C0000001    | P000001    | 2        | 10.00          | 0.1           | 2025-01-05T10:00:00Z | card           |
        moon   | s1        |             | P000001    | 0        | -1             | 0.91          | 2014-01-01T00:00:00Z | card           |
               |           |             |            |          |                |               |                      |                |
        north  | S00000001 | C0000001    | P000001    | 2        | 10.00          | 0.1           | 2025-01-05T10:00:00Z | card           | record: malformed CSV
    """)  # noqa: E501 - a table reads better whole

    judgement = judge(records, sales)

    assert judgement.valid["_record_number"].to_pylist() == [1]
    assert judgement.rejected["_record_number"].to_pylist() == [2, 3, 4]
    assert judgement.rejected["_reasons"].to_pylist() == [
        [
            "sale_id: does not match the pattern: s1",
            "customer_id: missing",
            "quantity: below 1: 0",
            "unit_price_usd: below 0.01: -1",
            "discount_rate: above 0.9: 0.91",
            "sold_at_utc: below 2015-01-01T00:00:00Z: 2014-01-01T00:00:00Z",
            "region: not an allowed value: moon",
        ],
        [f"{name}: missing" for name in sales.column_names],
        ["record: malformed CSV"],
    ]
    assert judgement.rejected.column_names == [*records.column_names, "_reasons"]
    assert judgement.valid.column_names == [*sales.column_names, *LINEAGE]


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ("x" * 2500, "", []),
        ("é" * 1250, "", []),
        ("x" * 1250, "y" * 1250, []),
        ("x" * 2501, "", [f"one: key longer than 2500 bytes: {'x' * 100}"]),
        ("é" * 1251, "", [f"one: key longer than 2500 bytes: {'é' * 100}"]),
        ("x", "y" * 2500, ["one: key longer than 2500 bytes: x"]),
        ("!", "y" * 2500, ["one: does not match the pattern: !"]),
    ],
    ids=lambda value: str(value)[:10],
)
def test_a_key_that_no_index_takes_is_told_as_the_last_rule_of_its_first_text(
    ingested: Callable[[str], pa.Table], one: str, other: str, reasons: list[str]
) -> None:
    texts = rules("one", "text", "text", pattern="[^!]*"), rules("other", "text", "text"), rules("free", "text", "text")
    contract = contract_of(rules("n", "integer", "bigint"), *texts).model_copy(update={"key": ("other", "one", "n")})

    judgement = judge(ingested(f"n | one | other | free\n1 | {one} | {other} | {'z' * 3000}\n2 | a | b |"), contract)

    assert judgement.rejected["_reasons"].to_pylist() == ([reasons] if reasons else [])
    assert judgement.valid["n"].to_pylist() == ([2] if reasons else [1, 2])
