"""The ledgers of what a release or an attempt holds, by the contracts that it was computed by."""

from collections.abc import Sequence
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.audit import Ledger
from batch_etl.stores.mart import Manifest
from batch_etl.stores.warehouse import fetch_rows

_LEDGERS = """
    SELECT DISTINCT ON (ledger.dataset, ledger.batch_id)
        ledger.dataset, ledger.batch_id, ledger.contract_id, ledger.source_file,
        ledger.source_records, ledger.clean_records, ledger.quarantined_records, ledger.duplicate_records,
        ledger.source_cents, ledger.clean_cents, ledger.quarantined_cents, ledger.duplicate_cents
    FROM UNNEST(%s::text[], %s::text[], %s::text[]) AS held (dataset, batch_id, contract_id)
    INNER JOIN audit.batch_ledger AS ledger
        ON held.dataset = ledger.dataset
        AND held.batch_id = ledger.batch_id
        AND (held.contract_id IS NULL OR held.contract_id = ledger.contract_id)
    ORDER BY ledger.dataset, ledger.batch_id, ledger.judged_at DESC
"""
_CENTS = ("source_cents", "clean_cents", "quarantined_cents", "duplicate_cents")
_VISIBLE = """
    SELECT dataset, batch_id, contract_id
    FROM audit.release_batches
    WHERE release = (SELECT MAX(release) FROM audit.releases)
"""


class HeldBatch(NamedTuple):
    """contract_id: None where it was not written down; then the last judgement counts."""

    dataset: str
    batch_id: str
    contract_id: str | None


def staged_batches(manifest: Manifest) -> list[HeldBatch]:
    return [
        HeldBatch(dataset, batch_id, manifest.contracts.get(dataset))
        for dataset, batch_ids in manifest.batches.items()
        for batch_id in batch_ids
    ]


def visible_batches(cursor: Cursor) -> list[HeldBatch]:
    """The batches of the release that everybody sees."""
    return [HeldBatch(**row) for row in fetch_rows(cursor, _VISIBLE)]


def read_ledgers(cursor: Cursor, batches: Sequence[HeldBatch]) -> list[Ledger]:
    """The ledgers of these batches; of one that nobody has judged so there is none."""
    columns = [[batch[place] for batch in batches] for place in range(len(HeldBatch._fields))]
    # Cents come as Decimal: a bigint holds nine of the largest amounts that a contract may have.
    return [
        Ledger(**{**row, **{name: int(row[name]) for name in _CENTS}}) for row in fetch_rows(cursor, _LEDGERS, columns)
    ]


def only_brought(cursor: Cursor, ledgers: Sequence[Ledger]) -> list[Ledger]:
    """Those of batches that the newest release does not hold, whichever run landed them.

    The first release brings everything; a batch that another contract judged again is not brought again.
    """
    visible = {(batch.dataset, batch.batch_id) for batch in visible_batches(cursor)}
    return [ledger for ledger in ledgers if (ledger.dataset, ledger.batch_id) not in visible]


def only_judged_anew(cursor: Cursor, ledgers: Sequence[Ledger]) -> list[Ledger]:
    """Those of batches that the newest release does not hold, or holds by what another contract made of them."""
    visible = set(visible_batches(cursor))
    return [
        ledger
        for ledger in ledgers
        # Where nobody wrote down by which contract, it is not told again.
        if not visible & {HeldBatch(ledger.dataset, ledger.batch_id, by) for by in (ledger.contract_id, None)}
    ]
