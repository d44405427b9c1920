"""Stage 2: judge every record by its contract and account for each of them."""

import logging
from functools import partial

from pyspark.sql import Row

from batch_etl.contract import Contract
from batch_etl.run import Run, StageResult, main
from batch_etl.stores import audit
from batch_etl.stores.audit import Ledger
from batch_etl.stores.lake import replacing
from batch_etl.stores.landing import Batch, known_batches
from batch_etl.transforms.judge import split_by_contract
from batch_etl.transforms.ledger import measure
from batch_etl.transforms.versions import split_duplicates

log = logging.getLogger(__name__)


def clean(run: Run) -> StageResult:
    """Judge every batch that today's contract has not judged yet."""
    ledgers = [
        _judge_batch(run, batch, contract)
        for contract in run.contracts.values()
        for batch in known_batches(run.lake.landing, contract.dataset)
        if not run.lake.judged("clean", batch.dataset, contract.fingerprint, batch.batch_id).exists()
    ]
    with run.warehouse() as connection:
        for contract in run.contracts.values():
            audit.put_in_force(connection, contract.dataset, contract.fingerprint)
    outcome = {
        "quarantined": sum(ledger.quarantined_records for ledger in ledgers),
        "duplicates": sum(ledger.duplicate_records for ledger in ledgers),
    }
    source = sum(ledger.source_records for ledger in ledgers)
    clean_records = sum(ledger.clean_records for ledger in ledgers)
    return StageResult(source, clean_records, outcome, is_nothing_new=not ledgers)


def _judge_batch(run: Run, batch: Batch, contract: Contract) -> Ledger:
    ingested = run.spark.read.parquet(str(run.lake.ingested(batch.dataset, batch.batch_id)))
    valid, rejected = split_by_contract(ingested, contract)
    kept, duplicates = split_duplicates(valid, contract)
    folder = partial(run.lake.judged, dataset=batch.dataset, contract_id=contract.fingerprint, batch_id=batch.batch_id)
    # clean takes its place last, and only with a ledger that balances: where it stands, the batch is judged.
    with (
        replacing(folder("clean")) as clean_folder,
        replacing(folder("quarantine")) as quarantine_folder,
        replacing(folder("duplicates")) as duplicates_folder,
    ):
        kept.write.parquet(str(clean_folder))
        rejected.drop("_fault", "_not_text").write.parquet(str(quarantine_folder))
        duplicates.write.parquet(str(duplicates_folder))
        # Read back: the ledger speaks of what is on disk, not of what was meant to be there.
        read = run.spark.read.parquet
        parts = {"clean": read(str(clean_folder)), "quarantined": read(str(quarantine_folder))}
        parts |= {"duplicate": read(str(duplicates_folder)), "source": ingested}
        ledger = _ledger(batch, contract, {row.part: row for row in measure(parts, contract).collect()})
        ledger.check()
        with run.warehouse() as connection:
            audit.record_ledger(connection, ledger)
    log.info("judged %s", batch.source_file, extra={"dataset": batch.dataset, "clean": ledger.clean_records})
    return ledger


def _ledger(batch: Batch, contract: Contract, measured: dict[str, Row]) -> Ledger:
    figures = {"source_records": batch.records, "source_cents": _figure(measured, "source", "cents")}
    for part in ("clean", "quarantined", "duplicate"):
        figures[f"{part}_records"] = _figure(measured, part, "records")
        figures[f"{part}_cents"] = _figure(measured, part, "cents")
    return Ledger(batch.dataset, batch.batch_id, contract.fingerprint, batch.source_file, **figures)


def _figure(measured: dict[str, Row], part: str, unit: str) -> int:
    return int(measured[part][unit]) if part in measured else 0


if __name__ == "__main__":
    main("data_cleaning", clean)
