"""What every command about the quarantine has before it: the warehouse, the contracts, the headers of landed files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.contract import Contract
from batch_etl.contracts.reader import read_contracts
from batch_etl.quarantine.masking import masked, masked_row
from batch_etl.quarantine.outlook import Outlook, foresee
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.quarantine.selection import Selection
from batch_etl.records.header import Header
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.contract_tables import hidden_columns
from batch_etl.stores.lake import Lake
from batch_etl.stores.landing import find_batch, known_batches
from batch_etl.stores.quarantine import read_records


@dataclass(frozen=True)
class Desk:
    """Opened by open_desk."""

    connection: Connection
    contracts: Mapping[str, Contract]
    lake: Lake
    _headers: dict[str, Mapping[str, Header]] = field(default_factory=dict)

    def headers(self, dataset: str) -> Mapping[str, Header]:
        """batch_id -> header of that file; nothing of files that were read by another dialect than today's."""
        if dataset not in self.contracts:
            return {}
        if dataset not in self._headers:
            batches = known_batches(self.lake.landing, self.contracts[dataset])
            self._headers[dataset] = {batch.batch_id: batch.header for batch in batches}
        return self._headers[dataset]

    def columns(self, dataset: str) -> Mapping[str, Sequence[str]]:
        """batch_id -> columns of that file, in its order, where its header is well-formed."""
        return {batch_id: header.names for batch_id, header in self.headers(dataset).items() if header.names}

    def masked(self, record: QuarantinedRecord) -> QuarantinedRecord:
        """The record as people may see it: without personal values."""
        contract = self.contracts.get(record.dataset)
        batch = find_batch(self.lake.landing, contract, record.batch_id) if contract is not None else None
        return masked(record, contract, (batch.header.names or None) if batch is not None else None)

    def masked_row(self, table: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of a published table as people may see it: without personal values."""
        if table != "quarantine.records":
            return masked_row(row, hidden_columns(table, row, self.contracts))
        told = {**row, "reasons": tuple(row["reasons"]), "first_seen_at": None, "last_seen_at": None}
        seen = self.masked(QuarantinedRecord(**told))
        return {**row, "raw": seen.raw, "reasons": list(seen.reasons)}

    def foresee(self, selection: Selection, *, limit: int | None = None) -> Outlook:
        """What a replay would make of these records; limit: of so many at most."""
        headers = {dataset: self.headers(dataset) for dataset in self.contracts}
        return foresee(read_records(self.connection, selection, limit=limit), self.contracts, headers)


@contextmanager
def open_desk(settings: Settings, purpose: str) -> Iterator[Desk]:
    """Open it for a block. purpose shows in pg_stat_activity."""
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name=purpose) as connection:
        yield read_desk(connection, settings)


def read_desk(connection: Connection, settings: Settings) -> Desk:
    """The same on a connection that is open. Raises ConfigurationError where a contract is wrong."""
    return Desk(connection, read_contracts(settings.folder("contracts")), Lake(settings.folder("processed")))
