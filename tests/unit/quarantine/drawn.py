"""Quarantined records for tests, and the contracts of this project."""

from pathlib import Path

from batch_etl.contracts.reader import read_contracts
from batch_etl.quarantine.record import QuarantinedRecord

_CONTRACTS = read_contracts(Path(__file__).resolve().parents[3] / "config/contracts")
SALES = _CONTRACTS["sales"]
CUSTOMERS = _CONTRACTS["customers"]


def quarantined(
    raw: str, *reasons: str, number: int = 1, batch_id: str = "b1", dataset: str = "sales", file: str = "sales_1.csv"
) -> QuarantinedRecord:
    return QuarantinedRecord(dataset, batch_id, file, number, raw, reasons, None, None)
