"""What every command about the quarantine has before it: the warehouse, the contracts, the headers of landed files."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.contract import Contract
from batch_etl.contract_reader import read_contracts
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.lake import Lake
from batch_etl.stores.landing import known_batches


@dataclass(frozen=True)
class Desk:
    """Opened by open_desk."""

    connection: Connection
    contracts: Mapping[str, Contract]
    lake: Lake
    _headers: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)

    def headers(self, dataset: str) -> Mapping[str, Sequence[str]]:
        """batch_id -> the columns of that file, in its order."""
        if dataset not in self._headers:
            batches = known_batches(self.lake.landing, self.contracts[dataset])
            headers = {batch.batch_id: batch.header.names for batch in batches}
            # A malformed header names nothing.
            self._headers[dataset] = {batch_id: names for batch_id, names in headers.items() if names}
        return self._headers[dataset]


@contextmanager
def open_desk(settings: Settings, purpose: str) -> Iterator[Desk]:
    """Open it for a block. purpose shows in pg_stat_activity."""
    contracts = read_contracts(settings.folder("contracts"))
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name=purpose) as connection:
        yield Desk(connection, contracts, Lake(settings.folder("processed")))
