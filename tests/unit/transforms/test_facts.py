"""Sales find the version of their time, are counted to the cent, and part by month."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from batch_etl.transforms.facts import Versions, build_sales, by_month
from tests.drawing import draw_table, read_drawing

MOMENT = pa.timestamp("us", "UTC")
TYPES = {
    "quantity": pa.int32(),
    "unit_price_usd": pa.decimal128(12, 2),
    "discount_rate": pa.decimal128(5, 4),
    "sold_at_utc": MOMENT,
    **dict.fromkeys(("customer_key", "product_key"), pa.int64()),
    **dict.fromkeys(("valid_from_utc",), MOMENT),
}
CUSTOMERS = """
customer_id | customer_key | valid_from_utc
C1          | 13           | 2025-03-01T00:00:00Z
C2          | 21           | 1900-01-01T00:00:00Z
C1          | 11           | 1900-01-01T00:00:00Z
unknown     | -1           | 1900-01-01T00:00:00Z
C3          | 31           | 1900-01-01T00:00:00Z
C3          | 32           | 2025-02-01T12:00:00Z
C1          | 12           | 2025-02-01T12:00:00Z
"""
PRODUCTS = "product_id | product_key | valid_from_utc\nP1 | 1 | 1900-01-01T00:00:00Z"
USUAL = {
    **{"sale_id": "S1", "customer_id": "C1", "product_id": "P1", "sold_at_utc": "2025-05-01T00:00:00Z"},
    **{"quantity": "1", "unit_price_usd": "1.00", "discount_rate": "0", "region": "north", "payment_method": "card"},
}


def versions(drawing: str, name: str) -> Versions:
    table = draw_table(drawing, TYPES)
    return Versions.of(table[f"{name}_id"], table[f"{name}_key"], table["valid_from_utc"])


def sales(*told: Mapping[str, str], types: Mapping[str, pa.DataType] = TYPES) -> pa.Table:
    """Sales of which only what matters is said."""
    columns = {name: pa.array([{**USUAL, **sale}[name] for sale in told]) for name in {**USUAL, **told[0]}}
    return pa.table({name: values.cast(types.get(name, pa.string())) for name, values in columns.items()})


def facts(table: pa.Table) -> pa.Table:
    return build_sales(table, versions(CUSTOMERS, "customer"), versions(PRODUCTS, "product"))


def test_a_sale_finds_the_version_of_its_time() -> None:
    wanted = {
        ("C1", "1899-12-31T23:59:59Z"): -1,
        ("C1", "1900-01-01T00:00:00Z"): 11,
        ("C1", "2025-01-15T00:00:00Z"): 11,
        ("C1", "2025-02-01T11:59:59Z"): 11,
        ("C1", "2025-02-01T12:00:00Z"): 12,
        ("C1", "2025-02-28T23:59:59Z"): 12,
        ("C1", "2098-01-01T00:00:00Z"): 13,
        ("C2", "2025-02-01T12:00:00Z"): 21,
        ("C3", "1899-01-01T00:00:00Z"): -1,
        ("C3", "2025-02-01T11:59:59Z"): 31,
        ("C3", "2026-01-01T00:00:00Z"): 32,
        ("C9", "2025-02-01T12:00:00Z"): -1,
        ("unknown", "2025-02-01T12:00:00Z"): -1,
    }

    table = facts(sales(*({"customer_id": customer, "sold_at_utc": moment} for customer, moment in wanted)))

    assert table["customer_key"].to_pylist() == list(wanted.values())
    assert table["product_key"].to_pylist() == [-1 if moment < "19" else 1 for _, moment in wanted]


def test_an_unknown_customer_or_product_is_the_unknown_member_and_keeps_its_number() -> None:
    table = facts(sales({"customer_id": "C9", "product_id": "P9"}))

    told = table.select(["customer_key", "customer_id", "product_key", "product_id"]).to_pylist()
    assert [tuple(row.values()) for row in told] == [(-1, "C9", -1, "P9")]


def test_without_any_member_every_sale_is_of_the_unknown_one() -> None:
    nobody = Versions.of(*(pa.array([], kind) for kind in (pa.string(), pa.int64(), MOMENT)))

    table = build_sales(sales({}, {}), nobody, nobody)

    assert table["customer_key"].to_pylist() == table["product_key"].to_pylist() == [-1, -1]


@pytest.mark.parametrize("quantity", [pa.int32(), pa.int64(), pa.decimal128(10, 0), pa.decimal128(30, 2)], ids=str)
def test_amounts_are_rounded_half_up_to_cents(quantity: pa.DataType) -> None:
    amounts = """
        sale_id | quantity | unit_price_usd | discount_rate | gross_usd    | discount_usd | net_usd
        half    | 1        | 0.10           | 0.05          | 0.10         | 0.01         | 0.09
        below   | 1        | 0.10           | 0.0499        | 0.10         | 0.00         | 0.10
        even    | 1        | 0.50           | 0.05          | 0.50         | 0.03         | 0.47
        back    | -1       | 0.50           | 0.05          | -0.50        | -0.03        | -0.47
        none    | 3        | 19.99          | 0.0000        | 59.97        | 0.00         | 59.97
        most    | 1000     | 100000.00      | 0.9000        | 100000000.00 | 90000000.00  | 10000000.00
        fine    | 7        | 13.37          | 0.1234        | 93.59        | 11.55        | 82.04
    """
    names, rows = read_drawing(amounts)
    wanted = [{name: value or "" for name, value in zip(names, row, strict=True)} for row in rows]
    given = [{name: row[name] for name in names[:4]} for row in wanted]

    table = facts(sales(*given, types={**TYPES, "quantity": quantity}))

    for name in ("gross_usd", "discount_usd", "net_usd"):
        assert table[name].type == pa.decimal128(18, 2)
        assert table[name].to_pylist() == [Decimal(row[name]) for row in wanted]


def test_an_amount_that_the_warehouse_has_no_digits_for_is_an_error() -> None:
    with pytest.raises(pa.ArrowInvalid):
        facts(sales({"quantity": "2000000000", "unit_price_usd": "9999999999.99"}))


def test_a_column_that_the_contract_got_since_comes_last() -> None:
    table = facts(sales({"till": "7"}))

    assert table.column_names[-1] == "till"
    assert table["till"].to_pylist() == ["7"]


def test_sales_part_by_the_month_of_their_day_in_utc_in_the_order_in_which_they_are() -> None:
    table = facts(
        sales(
            {"sale_id": "a", "sold_at_utc": "2025-03-31T23:59:59.999999Z"},
            {"sale_id": "b", "sold_at_utc": "2025-04-01T00:00:00Z"},
            {"sale_id": "c", "sold_at_utc": "1969-12-31T23:59:59Z"},
            {"sale_id": "d", "sold_at_utc": "2025-03-01T00:00:00Z"},
        )
    )

    assert {month: rows["sale_id"].to_pylist() for month, rows in by_month(table)} == {
        "1969-12": ["c"],
        "2025-03": ["a", "d"],
        "2025-04": ["b"],
    }
    assert table["sold_on"].to_pylist()[2] == date(1969, 12, 31)
    assert [month for month, _ in by_month(table, only={"2025-04", "2025-05"})] == ["2025-04"]
    assert list(by_month(table.slice(0, 0))) == []
