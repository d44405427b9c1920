"""Landing: an immutable copy of every source file, known by its content.

landing/<dataset>/<sha256>/source       the bytes as they were delivered
landing/<dataset>/<sha256>/text         what they hold, where they are an archive
landing/<dataset>/<sha256>/batch.json   what one pass over the text found
landing/.seen.json                      which file was which batch when it was read last (seen_files.py)
"""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from batch_etl.contract import Contract
from batch_etl.errors import SourceFileRefused
from batch_etl.records.header import Header
from batch_etl.stores.lake import replace_file
from batch_etl.stores.source_bytes import ARCHIVES, chunks, open_source, size_and_time, unpacked, written_name
from batch_etl.stores.survey import Split, Survey


@dataclass(frozen=True)
class Batch:
    """One source file by content.

    reading   the contract's reading_fingerprint by which it was surveyed
    text      name of the file in its folder that holds the records
    header    for CSV its columns; for JSON the contract's
    is_array  whether JSON documents are elements of an array
    """

    dataset: str
    batch_id: str
    source_file: str
    size_bytes: int
    reading: str
    text: str
    records: int
    header: Header
    is_array: bool
    splits: tuple[Split, ...]


@dataclass(frozen=True)
class Limits:
    """Bytes that one task reads, and that an archive may hold."""

    split_bytes: int
    max_unpacked_bytes: int


def batch_folder(landing: Path, dataset: str, batch_id: str) -> Path:
    return landing / dataset / batch_id


def known_batches(landing: Path, contract: Contract) -> list[Batch]:
    """Every batch of a dataset that has landed and can be read by today's contract, by batch_id."""
    return [batch for batch in _landed(landing, contract.dataset) if batch.reading == contract.reading_fingerprint]


def find_batch(landing: Path, contract: Contract, batch_id: str) -> Batch | None:
    """One batch, where it has landed and can be read by today's contract."""
    batch = _known(batch_id, contract, landing)
    return batch if batch is not None and batch.reading == contract.reading_fingerprint else None


def batches_read_otherwise(landing: Path, contract: Contract) -> list[Batch]:
    """Every batch that has landed when its contract told to read it in another way."""
    return [batch for batch in _landed(landing, contract.dataset) if batch.reading != contract.reading_fingerprint]


def land(
    file: Path, contract: Contract, *, landing: Path, limits: Limits, known_sizes: Collection[int] = ()
) -> tuple[Batch, bool]:
    """Copy a source file into landing and tell whether its content is new.

    known_sizes  of batches that have landed: only a file of one of these sizes is hashed before it is copied

    Raises SourceFileRefused, with the reason and the fix, where the file cannot be trusted as a whole.
    """
    _refuse_unwritable_name(file)
    if size_and_time(file)[0] in known_sizes:
        with open_source(file) as source:
            known = _known(_sha256(chunks(source, file)), contract, landing)
        if known:
            return _read_now(known, file.name, contract, landing=landing, limits=limits), False
    beside = landing / contract.dataset / f".{uuid.uuid4().hex}"
    beside.mkdir(parents=True)
    try:
        batch = _copy(file, contract, beside, limits)
        known = _known(batch.batch_id, contract, landing)
        if known:
            return _read_now(known, file.name, contract, landing=landing, limits=limits), False
        with _durable(beside / "batch.json") as description:
            description.write(_as_json(batch).encode())
        beside.rename(batch_folder(landing, contract.dataset, batch.batch_id))
        return batch, True
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _refuse_unwritable_name(file: Path) -> None:
    """No table, log or report could tell of a file by such a name."""
    name = written_name(file)
    if name != file.name:
        raise SourceFileRefused(f"{name}: the name is not UTF-8; rename the file")


def read_again(batch: Batch, contract: Contract, *, landing: Path, limits: Limits) -> Batch:
    """Survey a landed batch as today's contract reads it. Raises SourceFileRefused where that no longer works."""
    return _read_now(batch, batch.source_file, contract, landing=landing, limits=limits)


def _read_now(batch: Batch, name: str, contract: Contract, *, landing: Path, limits: Limits) -> Batch:
    """The batch as it is, or surveyed again where today's contract reads otherwise. name: to call the file by."""
    if batch.reading == contract.reading_fingerprint:
        return batch
    folder = batch_folder(landing, batch.dataset, batch.batch_id)
    text = folder / batch.text
    survey = Survey(name, contract, limits.split_bytes)
    with text.open("rb") as source:
        for chunk in chunks(source, text):
            survey.feed(chunk)
    survey.finish()
    found = replace(batch, **_found(survey, contract))
    replace_file(folder / "batch.json", _as_json(found))
    return found


def _copy(file: Path, contract: Contract, folder: Path, limits: Limits) -> Batch:
    """Write a file down in one pass that hashes and surveys it; an archive takes a second one, over what it holds."""
    before = size_and_time(file)
    survey, digest = Survey(file.name, contract, limits.split_bytes), hashlib.sha256()
    is_archive = file.suffix in ARCHIVES
    with open_source(file) as source, _durable(folder / "source") as copy:
        for chunk in chunks(source, file):
            copy.write(chunk)
            digest.update(chunk)
            if not is_archive:
                survey.feed(chunk)
    if size_and_time(file) != before or (folder / "source").stat().st_size != before[0]:
        raise SourceFileRefused(
            f"{file.name}: changed while it was read; write it elsewhere and move it here when done"
        )
    if is_archive:
        with _durable(folder / "text") as copy:
            for chunk in unpacked(folder / "source", file.name, max_bytes=limits.max_unpacked_bytes):
                copy.write(chunk)
                survey.feed(chunk)
    survey.finish()
    # Of a new file only: what has landed before stands in a release, which could not be computed again without it.
    survey.require_encoding()
    text = "text" if is_archive else "source"
    found = _found(survey, contract)
    return Batch(contract.dataset, digest.hexdigest(), file.name, size_bytes=before[0], text=text, **found)


def _known(batch_id: str, contract: Contract, landing: Path) -> Batch | None:
    file = batch_folder(landing, contract.dataset, batch_id) / "batch.json"
    return _read_batch(file) if file.exists() else None


def _landed(landing: Path, dataset: str) -> list[Batch]:
    # A landing that was interrupted leaves a folder whose name starts with a dot.
    return [_read_batch(file) for file in sorted((landing / dataset).glob("[!.]*/batch.json"))]


def _found(survey: Survey, contract: Contract) -> dict[str, Any]:
    """The fields of a Batch that depend on how its contract reads it."""
    return {
        "reading": contract.reading_fingerprint,
        "records": survey.records,
        "header": survey.header,
        "is_array": survey.is_array,
        "splits": tuple(survey.splits),
    }


def _as_json(batch: Batch) -> str:
    return json.dumps(asdict(batch))


def _read_batch(file: Path) -> Batch:
    content = json.loads(file.read_text(encoding="utf-8"))
    header = content.pop("header")
    splits = tuple(Split(**split) for split in content.pop("splits"))
    return Batch(**content, header=Header(**{**header, "names": tuple(header["names"])}), splits=splits)


def _sha256(chunks: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _durable(file: Path) -> Iterator[BinaryIO]:
    """A file to write to that a power cut no longer takes away when the block has ended."""
    with file.open("wb") as target:
        yield target
        target.flush()
        os.fsync(target.fileno())
