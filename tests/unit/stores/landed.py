"""Files to land, and where they land."""

from collections.abc import Collection
from pathlib import Path

import pytest

from batch_etl.contract import Column, Contract
from batch_etl.errors import SourceFileRefused
from batch_etl.stores.landing import Batch, Limits, known_batches, land

SALES = Contract(
    dataset="sales",
    file_format="csv",
    file_pattern="sales*.csv",
    columns=tuple(Column(name=name, kind="text", physical_type="text", description="") for name in ("id", "note")),
    key=("id",),
    version_order=(),
    ledger_amount=None,
    references={},
)
CUSTOMERS = SALES.model_copy(update={"dataset": "customers", "file_format": "json"})


def land_bytes(
    raw: Path, content: bytes, *, name: str = "sales.csv", contract: Contract = SALES, split_bytes: int = 1 << 20
) -> tuple[Batch, bool]:
    (raw / name).write_bytes(content)
    return land_file(raw / name, contract, split_bytes=split_bytes)


def land_file(
    file: Path, contract: Contract = SALES, *, split_bytes: int = 1 << 20, known_sizes: Collection[int] = ()
) -> tuple[Batch, bool]:
    limits = Limits(split_bytes=split_bytes, max_unpacked_bytes=1 << 27)
    return land(file, contract, landing=file.parent.parent / "landing", limits=limits, known_sizes=known_sizes)


def refusal(raw: Path, content: bytes, *, name: str = "sales.csv", contract: Contract = SALES) -> str:
    with pytest.raises(SourceFileRefused) as refused:
        land_bytes(raw, content, name=name, contract=contract)
    assert known_batches(raw.parent / "landing", contract) == []
    assert list((raw.parent / "landing" / contract.dataset).iterdir()) == []
    return str(refused.value)
