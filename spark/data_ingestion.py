"""Stage 1: land every source file and take it apart into records, as written."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.errors import LedgerImbalance, SourceFileRefused
from batch_etl.records.header import drifted
from batch_etl.run import Run, StageResult, main
from batch_etl.stores import audit
from batch_etl.stores.attempts import run_attempts, shared_out
from batch_etl.stores.audit import SourceFile
from batch_etl.stores.lake import replacing, size_of
from batch_etl.stores.landing import Batch, Limits, batches_read_otherwise, find_batch, known_batches, land, read_again
from batch_etl.stores.seen_files import SeenFiles, state_of
from batch_etl.stores.source_bytes import plain_name, written_name
from batch_etl.stores.source_reader import Taken, pieces_of, take_apart

log = logging.getLogger(__name__)
# In an ingested batch: the reading_fingerprint of the contract by which it was taken apart.
_READING = "_reading"
_PIECES_A_TASK = 500
# Files of so many bytes together are hashed in a moment; more are read only once, where Spark is.
_QUICKLY_READ_BYTES = 64 * 1024**2


def ingest(run: Run) -> StageResult:
    """Land the files of this run's size, then write what is new to ingested/."""
    seen = SeenFiles.read(run.lake.landing)
    if sum(_size(file) for file in _files(run) if seen.batch_of(file) is None) > _QUICKLY_READ_BYTES:
        run.leave_to_spark()
    files = [file for contract in run.contracts.values() for file in _found(run, contract, seen)]
    seen.write(run.settings.folder("raw"))
    # A landed file that its contract refuses now may have the name of a new one.
    found = {(file.file_name, file.batch_id): file for file in [*files, *_ignored(run)]}
    with run.warehouse() as connection:
        audit.record_source_files(connection, run.run_key, list(found.values()))
    _stop_where_contracts_say_so(run, files)
    new = [
        (batch, contract)
        for contract in run.contracts.values()
        for batch in known_batches(run.lake.landing, contract)
        if not _is_ingested(run, batch)
    ]
    _ingest(run, new)
    records = sum(batch.records for batch, _ in new)
    told = {state: [file.reason for file in found.values() if file.state == state] for state in ("refused", "ignored")}
    return StageResult(
        records,
        records,
        {"files": len(found), "looked_at": run.settings.file_pattern(run.dataset_size), **told},
        is_nothing_new=not new,
        bytes_in=sum(batch.size_bytes for batch, _ in new),
        bytes_out=size_of(run.lake.ingested(batch.dataset, batch.batch_id) for batch, _ in new),
    )


def _found(run: Run, contract: Contract, seen: SeenFiles) -> Iterator[SourceFile]:
    """What became of every file of a dataset, landed ones that are read in another way now among them."""
    again = partial(read_again, contract=contract, landing=run.lake.landing, limits=_limits(run))
    for batch in batches_read_otherwise(run.lake.landing, contract):
        try:
            again(batch)
        except SourceFileRefused as refusal:
            yield _refused(batch.source_file, contract, refusal)
    sizes = {batch.size_bytes for batch in known_batches(run.lake.landing, contract)}
    for file in _files(run):
        if contract.matches(plain_name(file.name)):
            yield _landed(run, contract, file, seen, sizes)


def _ignored(run: Run) -> Iterator[SourceFile]:
    """Files that look as if somebody waits for them: no contract knows them, and they do not hide."""
    contracts = run.contracts.values()
    patterns = ", ".join(contract.file_pattern for contract in contracts)
    for file in _files(run):
        is_known = any(contract.matches(plain_name(file.name)) for contract in contracts)
        if not is_known and not file.name.startswith(".") and not file.is_dir():
            name = written_name(file)
            reason = f"{name}: no contract's path matches; rename it to match {patterns}, or add a contract"
            log.warning("ignored %s", reason)
            yield SourceFile(name, None, "ignored", reason=reason)


def _files(run: Run) -> list[Path]:
    return sorted(run.settings.folder("raw").glob(run.settings.file_pattern(run.dataset_size)))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        # A link that leads nowhere, or a file that is gone: whoever lands it tells so.
        return 0


def _landed(run: Run, contract: Contract, file: Path, seen: SeenFiles, sizes: set[int]) -> SourceFile:
    if (batch_id := seen.batch_of(file)) and (batch := find_batch(run.lake.landing, contract, batch_id)):
        return _taken(file, batch, is_new=False)
    state = state_of(file)
    try:
        batch, is_new = land(file, contract, landing=run.lake.landing, limits=_limits(run), known_sizes=sizes)
    except SourceFileRefused as refusal:
        return _refused(written_name(file), contract, refusal)
    sizes.add(batch.size_bytes)
    seen.remember(file, state, batch.batch_id)
    return _taken(file, batch, is_new=is_new)


def _taken(file: Path, batch: Batch, *, is_new: bool) -> SourceFile:
    state = "landed" if is_new else "seen"
    return SourceFile(file.name, batch.dataset, state, batch.batch_id, None, batch.size_bytes, batch.records)


def _refused(name: str, contract: Contract, refusal: SourceFileRefused) -> SourceFile:
    log.warning("refused %s", refusal, extra={"dataset": contract.dataset})
    return SourceFile(name, contract.dataset, "refused", reason=str(refusal))


def _stop_where_contracts_say_so(run: Run, files: Sequence[SourceFile]) -> None:
    """Raise SourceFileRefused where a contract wants no run without the file; nothing of the run goes on then."""
    stopping = {contract.dataset for contract in run.contracts.values() if contract.on_refused_file == "stop"}
    refused = [file for file in files if file.state == "refused" and file.dataset in stopping]
    if refused:
        reasons = "; ".join(str(file.reason) for file in refused)
        told = f"{reasons}; by its contract (onRefusedFile) no run goes on without it"
        raise SourceFileRefused(told, dataset=refused[0].dataset)


def _limits(run: Run) -> Limits:
    config = run.settings.config
    return Limits(split_bytes=config.spark.split_bytes, max_unpacked_bytes=config.landing.max_unpacked_bytes)


def _is_ingested(run: Run, batch: Batch) -> bool:
    reading = run.lake.ingested(batch.dataset, batch.batch_id) / _READING
    return reading.exists() and reading.read_text(encoding="utf-8") == batch.reading


def _ingest(run: Run, new: Sequence[tuple[Batch, Contract]]) -> None:
    """Take all new batches apart in one job, then move each to its place."""
    if not new:
        return
    pieces = [piece for batch, contract in new for piece in pieces_of(batch, contract)]
    work = partial(take_apart, landing=run.lake.landing)
    split_bytes = run.settings.config.spark.split_bytes
    tasks = shared_out(pieces, lambda piece: piece.split.length, task_size=split_bytes, task_items=_PIECES_A_TASK)
    taken: dict[Batch, list[Taken]] = defaultdict(list)
    with run.lake.scratch() as scratch:
        for _, of_task in run_attempts(run.spark, scratch, tasks, work):
            for part in of_task:
                taken[part.piece.batch].append(part)
        for batch, parts in taken.items():
            _take_in(run, batch, parts)


def _take_in(run: Run, batch: Batch, parts: Sequence[Taken]) -> None:
    records = sum(part.records for part in parts)
    if records != batch.records:
        raise LedgerImbalance(
            f"{batch.source_file}: {batch.records} records when it landed, {records} when it was taken apart; "
            f"is {run.lake.landing}/{batch.dataset}/{batch.batch_id} damaged? Remove it and deliver the file again",
            dataset=batch.dataset,
        )
    with replacing(run.lake.ingested(batch.dataset, batch.batch_id)) as folder:
        folder.mkdir()
        for place, part in enumerate(parts):
            part.file.rename(folder / f"part-{place:05}.parquet")
        (folder / _READING).write_text(batch.reading, encoding="utf-8")
    told = {"dataset": batch.dataset, "records": batch.records, **drifted(batch.header, run.contracts[batch.dataset])}
    log.info("ingested %s", batch.source_file, extra=told)


if __name__ == "__main__":
    main("data_ingestion", ingest)
