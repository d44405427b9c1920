"""Records and cents of a batch are counted, part by part; what does not add up is told with its figures."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pyspark.sql import DataFrame

from batch_etl.contract_reader import read_contract
from batch_etl.errors import LedgerImbalance
from batch_etl.stores.audit import Ledger
from batch_etl.transforms.ledger import measure

PROJECT = Path(__file__).resolve().parents[3]
SALES = read_contract(PROJECT / "config/contracts/sales.odcs.yaml")
CUSTOMERS = read_contract(PROJECT / "config/contracts/customers.odcs.yaml")

BALANCED = Ledger(
    *("sales", "b1", "c1", "sales.csv"),
    source_records=10, clean_records=6, quarantined_records=3, duplicate_records=1,
    source_cents=1000, clean_cents=700, quarantined_cents=-50, duplicate_cents=350,
)  # fmt: skip


def test_only_amounts_that_are_well_formed_count_their_cents(table: Callable[..., DataFrame]) -> None:
    source = table("""
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
    clean = table("unit_price_usd\n10.05\n3.00", unit_price_usd="decimal(12,2)")
    nothing = table("unit_price_usd")

    measured = measure({"source": source, "clean": clean, "duplicate": nothing}, SALES).collect()

    assert {row["part"]: (row["records"], int(row["cents"])) for row in measured} == {
        "source": (10, 1005 - 150 + 300 + 10),
        "clean": (2, 1305),
    }


def test_a_dataset_without_an_amount_counts_its_records_alone(table: Callable[..., DataFrame]) -> None:
    measured = measure({"source": table("customer_id\nC1\nC2")}, CUSTOMERS).collect()

    assert [(row["part"], row["records"], int(row["cents"])) for row in measured] == [("source", 2, 0)]


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
