"""Stage 1: land every source file and take it apart into records, as written."""

import logging
from collections.abc import Iterable
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.errors import SourceFileRefused
from batch_etl.run import Run, StageResult, main
from batch_etl.stores import audit
from batch_etl.stores.audit import SourceFile
from batch_etl.stores.lake import replacing
from batch_etl.stores.landing import Batch, known_batches, land
from batch_etl.stores.source_reader import read_batch

log = logging.getLogger(__name__)


def ingest(run: Run) -> StageResult:
    """Land the files of this run's size, then write what is new to ingested/."""
    files = [_land(run, contract, file) for contract in run.contracts.values() for file in _files(run, contract)]
    with run.warehouse() as connection:
        for file in files:
            audit.record_source_file(connection, run.run_key, file)
    new = [
        (batch, contract)
        for contract in run.contracts.values()
        for batch in known_batches(run.lake.landing, contract.dataset)
        if not run.lake.ingested(batch.dataset, batch.batch_id).exists()
    ]
    for batch, contract in new:
        _ingest_batch(run, batch, contract)
    records = sum(batch.records for batch, _ in new)
    refused = [file.reason for file in files if file.state == "refused"]
    return StageResult(records, records, {"files": len(files), "refused": refused}, is_nothing_new=not new)


def _files(run: Run, contract: Contract) -> Iterable[Path]:
    wanted = run.settings.folder("raw").glob(run.settings.file_pattern(run.dataset_size))
    return sorted(file for file in wanted if contract.matches(file.name))


def _land(run: Run, contract: Contract, file: Path) -> SourceFile:
    try:
        split_bytes = run.settings.config.spark.split_bytes
        batch, is_new = land(file, contract, landing=run.lake.landing, split_bytes=split_bytes)
    except SourceFileRefused as refusal:
        log.warning("refused %s", refusal, extra={"dataset": contract.dataset})
        return SourceFile(file.name, contract.dataset, "refused", reason=str(refusal))
    state = "landed" if is_new else "seen"
    return SourceFile(file.name, contract.dataset, state, batch.batch_id, None, batch.size_bytes, batch.records)


def _ingest_batch(run: Run, batch: Batch, contract: Contract) -> None:
    records = read_batch(run.spark, batch, contract, landing=run.lake.landing)
    with replacing(run.lake.ingested(batch.dataset, batch.batch_id)) as folder:
        records.write.parquet(str(folder))
    log.info("ingested %s", batch.source_file, extra={"dataset": batch.dataset, "records": batch.records})


if __name__ == "__main__":
    main("data_ingestion", ingest)
