"""Judging on the executors: tasks read parts of ingested batches and write what became of their records."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyspark.sql import SparkSession

from batch_etl.contract import Contract
from batch_etl.stores.attempts import run_attempts
from batch_etl.stores.lake import count_rows_of, read_part, write_part
from batch_etl.stores.landing import Batch
from batch_etl.stores.source_reader import with_raw_text
from batch_etl.transforms.duplicates import among, key_hashes, repeated, set_apart, split_duplicates
from batch_etl.transforms.judge import LINEAGE, judge
from batch_etl.transforms.ledger import cents

LAYERS = ("clean", "quarantine", "duplicates")
# Files of a part that go no further: the hashes of its keys in order, and the records whose key other parts hold too.
_HASHES, _SHARED = "hashes", "shared"
_HASHES_AT_ONCE = 20_000_000
_HASH_END = 2**64


@dataclass(frozen=True)
class Part:
    """One file of an ingested batch. is_whole: the batch has no other."""

    batch: Batch
    contract: Contract
    file: Path
    rows: int
    is_whole: bool


@dataclass(frozen=True)
class Judged:
    """A part, and the files that its records went to: clean, quarantine and duplicates, where there are such.

    cents     of the ledger's amount over all records, as they are written
    warnings  reason -> valid records that it was told of
    """

    part: Part
    files: dict[str, Path]
    cents: int
    warnings: dict[str, int]


def parts_of(batch: Batch, contract: Contract, ingested: Path) -> list[Part]:
    files = sorted(ingested.glob("*.parquet"))
    return [Part(batch, contract, file, count_rows_of(file), is_whole=len(files) == 1) for file in files]


def judge_parts(parts: Sequence[Part], folder: Path) -> list[Judged]:
    """The work of a task: judge every record once and write it where it belongs."""
    return [_judge_part(part, folder / str(place)) for place, part in enumerate(parts)]


def _judge_part(part: Part, folder: Path) -> Judged:
    folder.mkdir()
    ingested = read_part(part.file)
    judgement = judge(ingested, part.contract)
    hashes = key_hashes(judgement.valid, part.contract)
    # Of a batch in several parts two may hold the same key: _settle sees to it when all of them are judged.
    kept, duplicates = split_duplicates(judgement.valid, part.contract, hashes)
    rejected = with_raw_text(judgement.rejected, part.batch, part.contract)
    rejected = rejected.drop_columns(["_fault", "_not_text", "_extra"])
    tables = {"clean": kept, "quarantine": rejected, "duplicates": duplicates}
    files = {layer: write_part(table, folder / f"{layer}.parquet") for layer, table in tables.items() if table}
    if not part.is_whole:
        files[_HASHES] = folder / "hashes.npy"
        np.save(files[_HASHES], np.unique(hashes))
    return Judged(part, files, cents(ingested, part.contract), judgement.warnings)


def files_by_layer(spark: SparkSession, parts: Sequence[Judged], scratch: Path) -> dict[str, list[Path]]:
    """The files of a judged batch, layer by layer, when of each key one record stands."""
    if len(parts) > 1:
        scratch.mkdir()
        parts = _settle(spark, parts, scratch)
    return {layer: [part.files[layer] for part in parts if layer in part.files] for layer in LAYERS}


def measure(files: Sequence[Path], contract: Contract) -> tuple[int, int]:
    """Records and cents that files hold: what is on disk, not what was meant to be there."""
    columns = [contract.ledger_amount] if contract.ledger_amount else []
    figures = [(len(part), cents(part, contract)) for part in (read_part(file, columns) for file in files)]
    return sum(records for records, _ in figures), sum(of_part for _, of_part in figures)


def _settle(spark: SparkSession, parts: Sequence[Judged], scratch: Path) -> list[Judged]:
    """Let one record of each key stand, wherever in the file the others are; each part has settled its own."""
    of_parts = [np.load(part.files[_HASHES], mmap_mode="r") for part in parts]
    shared = shared_hashes(of_parts)
    if not len(shared):
        return list(parts)
    np.save(scratch / "shared.npy", shared)
    work = partial(set_shared_apart, hashes=scratch / "shared.npy")
    concerned = [place for place, hashes in enumerate(of_parts) if among(shared, hashes).any()]
    attempts = run_attempts(spark, scratch / "settled", [parts[place] for place in concerned], work)
    settled = list(parts)
    for place, (_, part) in zip(concerned, attempts, strict=True):
        settled[place] = part
    contract = parts[0].part.contract
    apart = pa.concat_tables(read_part(part.files[_SHARED]) for _, part in attempts)
    kept, duplicates = split_duplicates(apart, contract)
    files = {"clean": write_part(kept, scratch / "kept.parquet")}
    files["duplicates"] = write_part(duplicates, scratch / "duplicates.parquet")
    return [*settled, Judged(parts[0].part, files, 0, {})]


def shared_hashes(of_parts: Sequence[np.ndarray]) -> np.ndarray:
    """The hashes that several parts hold; of_parts are in order, so that one range after the other is looked at."""
    ranges = sum(map(len, of_parts)) // _HASHES_AT_ONCE + 1
    bounds = [np.uint64(_HASH_END // ranges * i) for i in range(1, ranges)]
    pieces = zip(*(np.split(hashes, np.searchsorted(hashes, bounds)) for hashes in of_parts), strict=True)
    return np.concatenate([repeated(np.concatenate(piece)) for piece in pieces])


def set_shared_apart(judged: Judged, folder: Path, *, hashes: Path) -> Judged:
    """The work of a task: take the records whose key other parts hold too, one at least, out of what it has settled."""
    files, shared, contract = dict(judged.files), np.load(hashes), judged.part.contract
    apart: list[pa.Table] = []
    for layer in files.keys() & {"clean", "duplicates"}:
        rest, of_layer = set_apart(read_part(files[layer]), shared, contract)
        if of_layer:
            files[layer] = write_part(rest, folder / f"{layer}.parquet")
            apart.append(of_layer.select([*contract.column_names, *LINEAGE]))
    files[_SHARED] = write_part(pa.concat_tables(apart), folder / "shared.parquet")
    return replace(judged, files=files)
