"""Records and cents of a batch are counted, part by part; what does not add up is told with its figures."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from batch_etl.contracts.reader import read_contract
from batch_etl.errors import LedgerImbalance
from batch_etl.stores.audit import Ledger
from batch_etl.transforms.ledger import cents

PROJECT = Path(__file__).resolve().parents[3]
SALES = read_contract(PROJECT / "config/contracts/sales.odcs.yaml")
CUSTOMERS = read_contract(PROJECT / "config/contracts/customers.odcs.yaml")

BALANCED = Ledger(
    *("sales", "b1", "c1", "sales.csv"),
    source_records=10, clean_records=6, quarantined_records=3, duplicate_records=1,
    source_cents=1000, clean_cents=700, quarantined_cents=-50, duplicate_cents=350,
)  # fmt: skip


def test_only_amounts_that_are_well_formed_count_their_cents(ingested: Callable[[str], pa.Table]) -> None:
    source = ingested("""
        unit_price_usd
        10.05
        -1.50
        3
        0.1

        1.005
        1,5
        1e2
        12345678901.00
        "1.00 "
    """)

    assert cents(source, SALES) == 1005 - 150 + 300 + 10


def test_typed_amounts_count_as_they_are() -> None:
    clean = pa.table({"unit_price_usd": pa.array([Decimal("10.05"), Decimal("3.00"), None], pa.decimal128(12, 2))})

    assert cents(clean, SALES) == 1305
    assert cents(clean.slice(0, 0), SALES) == 0


def test_a_dataset_without_an_amount_has_no_cents(ingested: Callable[[str], pa.Table]) -> None:
    assert cents(ingested("customer_id\nC1\nC2"), CUSTOMERS) == 0


def test_a_ledger_that_balances_passes() -> None:
    BALANCED.check()


def test_a_record_that_is_lost_is_told_with_the_figures() -> None:
    with pytest.raises(LedgerImbalance) as told:
        replace(BALANCED, clean_records=5).check()

    assert str(told.value).startswith(
        "sales.csv: 10 records in the file, but 5 clean + 3 quarantined + 1 duplicate = 9; nothing of the file goes on"
    )


def test_a_cent_that_is_lost_is_told_with_the_figures() -> None:
    with pytest.raises(LedgerImbalance) as told:
        replace(BALANCED, duplicate_cents=349).check()

    assert "1000 cents in the file, but 700 clean + -50 quarantined + 349 duplicate = 999;" in str(told.value)
