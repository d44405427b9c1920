"""Stage 2: judge every record by its contract and account for each of them."""

import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.run import Run, StageResult, main
from batch_etl.stores import audit
from batch_etl.stores.attempts import run_attempts, shared_out
from batch_etl.stores.audit import Ledger
from batch_etl.stores.judging import LAYERS, Judged, files_by_layer, judge_parts, measure, parts_of
from batch_etl.stores.lake import remove, replacing, size_of
from batch_etl.stores.landing import Batch, known_batches

log = logging.getLogger(__name__)
_PARTS_A_TASK = 100
_ROWS_A_TASK = 200_000


def clean(run: Run) -> StageResult:
    """Judge every batch that today's contract has not judged yet; all of them where a run asks for everything."""
    new = [
        (batch, contract)
        for contract in run.contracts.values()
        for batch in known_batches(run.lake.landing, contract)
        if run.recompute.is_full
        or not run.lake.judged("clean", batch.dataset, contract.fingerprint, batch.batch_id).exists()
    ]
    with run.lake.scratch() as scratch, run.warehouse() as connection:
        judged = _judge(run, new, scratch)
        accounts = [_account(run, batch, contract, judged[batch], scratch / batch.batch_id) for batch, contract in new]
        ledgers = [ledger for ledger, _ in accounts]
        # First, so that a batch in the lake has its ledger; in one transaction, for there may be thousands.
        audit.record_ledgers(connection, run.run_key, ledgers)
        for ledger, files in accounts:
            _take_in(run, ledger, files)
        for contract in run.contracts.values():
            audit.put_in_force(connection, run.run_key, contract.dataset, contract.fingerprint)
    outcome = {
        "quarantined": sum(ledger.quarantined_records for ledger in ledgers),
        "duplicates": sum(ledger.duplicate_records for ledger in ledgers),
        "warnings": _warnings(judged),
    }
    source = sum(ledger.source_records for ledger in ledgers)
    clean_records = sum(ledger.clean_records for ledger in ledgers)
    return StageResult(
        source,
        clean_records,
        outcome,
        is_nothing_new=not new,
        bytes_in=size_of(run.lake.ingested(batch.dataset, batch.batch_id) for batch, _ in new),
        bytes_out=size_of(
            run.lake.judged(layer, batch.dataset, contract.fingerprint, batch.batch_id)
            for batch, contract in new
            for layer in LAYERS
        ),
    )


def _judge(run: Run, new: Sequence[tuple[Batch, Contract]], scratch: Path) -> dict[Batch, list[Judged]]:
    """Judge the records of all new batches in one job."""
    parts = [
        part
        for batch, contract in new
        for part in parts_of(batch, contract, run.lake.ingested(batch.dataset, batch.batch_id))
    ]
    judged: dict[Batch, list[Judged]] = defaultdict(list)
    if parts:
        tasks = shared_out(parts, lambda part: part.rows, task_size=_ROWS_A_TASK, task_items=_PARTS_A_TASK)
        for _, of_task in run_attempts(run.spark, scratch / "judged", tasks, judge_parts):
            for each in of_task:
                judged[each.part.batch].append(each)
    return judged


def _account(
    run: Run, batch: Batch, contract: Contract, judged: Sequence[Judged], scratch: Path
) -> tuple[Ledger, dict[str, list[Path]]]:
    """Where the records of a batch went, and the files that hold them. Raises LedgerImbalance where one is lost."""
    files = files_by_layer(run.spark, judged, scratch)
    figures = {"source_records": batch.records, "source_cents": sum(each.cents for each in judged)}
    for layer, part in (("clean", "clean"), ("quarantine", "quarantined"), ("duplicates", "duplicate")):
        figures[f"{part}_records"], figures[f"{part}_cents"] = measure(files[layer], contract)
    ledger = Ledger(batch.dataset, batch.batch_id, contract.fingerprint, batch.source_file, **figures)
    ledger.check()
    return ledger, files


def _take_in(run: Run, ledger: Ledger, files: dict[str, list[Path]]) -> None:
    """Move what became of a batch into the lake."""
    folder = partial(run.lake.judged, dataset=ledger.dataset, contract_id=ledger.contract_id, batch_id=ledger.batch_id)
    # Where clean stands, the batch is judged: of one that is judged again it goes first, and always it comes last.
    remove(folder("clean"))
    with ExitStack() as taking_place:
        # They take their places in reverse.
        for layer in LAYERS:
            _move(files[layer], taking_place.enter_context(replacing(folder(layer))))
    log.info("judged %s", ledger.source_file, extra={"dataset": ledger.dataset, "clean": ledger.clean_records})


def _move(files: Sequence[Path], folder: Path) -> None:
    folder.mkdir()
    for place, file in enumerate(files):
        file.rename(folder / f"part-{place:05}.parquet")


def _warnings(judged: dict[Batch, list[Judged]]) -> dict[str, int]:
    """What was told of records that are clean all the same: dataset and reason -> records."""
    counts: Counter[str] = Counter()
    for batch, parts in judged.items():
        for part in parts:
            counts.update({f"{batch.dataset}: {reason}": records for reason, records in part.warnings.items()})
    return dict(counts)


if __name__ == "__main__":
    main("data_cleaning", clean)
