"""Landing: an immutable copy of every source file, known by its content.

landing/<dataset>/<sha256>/source       the bytes
landing/<dataset>/<sha256>/batch.json   what one pass over them found
"""

import codecs
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.errors import SourceFileRefused
from batch_etl.records.boundaries import RecordSplitter, RecordTooLong
from batch_etl.records.csv_records import parse_header

CHUNK_BYTES = 4 * 1024 * 1024
_MAGIC = {
    b"\x1f\x8b": "gzip data",
    b"PK\x03\x04": "a zip archive",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"PAR1": "Parquet",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}


@dataclass(frozen=True)
class Split:
    """A run of whole records that one task reads: bytes from offset on, the first record's number."""

    offset: int
    length: int
    first_record_number: int


@dataclass(frozen=True)
class Batch:
    """One source file by content.

    header  the column names in the order of the file; for JSON the contract's
    """

    dataset: str
    batch_id: str
    source_file: str
    size_bytes: int
    records: int
    header: tuple[str, ...]
    splits: tuple[Split, ...]


def batch_folder(landing: Path, dataset: str, batch_id: str) -> Path:
    return landing / dataset / batch_id


def known_batches(landing: Path, dataset: str) -> list[Batch]:
    """Every batch of a dataset that has landed, by batch_id."""
    # A landing that was interrupted leaves a folder whose name starts with a dot.
    return [_read_batch(file) for file in sorted((landing / dataset).glob("[!.]*/batch.json"))]


def land(file: Path, contract: Contract, *, landing: Path, split_bytes: int) -> tuple[Batch, bool]:
    """Copy a source file into landing and tell whether its content is new.

    Raises SourceFileRefused, with the reason and the fix, where the file cannot be trusted as a whole.
    """
    if not file.is_file():
        raise SourceFileRefused(f"{file.name}: not a regular file; put the file itself into {file.parent}")
    beside = landing / contract.dataset / f".{uuid.uuid4().hex}"
    beside.mkdir(parents=True)
    try:
        batch = _copy(file, contract, target=beside / "source", split_bytes=split_bytes)
        final = batch_folder(landing, contract.dataset, batch.batch_id)
        if (final / "batch.json").exists():
            return _read_batch(final / "batch.json"), False
        (beside / "batch.json").write_text(json.dumps(asdict(batch)), encoding="utf-8")
        beside.rename(final)
        return batch, True
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _read_batch(file: Path) -> Batch:
    content = json.loads(file.read_text(encoding="utf-8"))
    splits = tuple(Split(**split) for split in content.pop("splits"))
    return Batch(**{**content, "header": tuple(content["header"]), "splits": splits})


def _copy(file: Path, contract: Contract, *, target: Path, split_bytes: int) -> Batch:
    before = _size_and_time(file)
    digest = hashlib.sha256()
    survey = _Survey(file.name, contract, split_bytes)
    with target.open("wb") as copy:
        for chunk in _chunks(file):
            digest.update(chunk)
            copy.write(chunk)
            survey.feed(chunk)
    if _size_and_time(file) != before:
        raise SourceFileRefused(
            f"{file.name}: changed while it was read; write it elsewhere and move it here when done"
        )
    survey.finish()
    return Batch(
        dataset=contract.dataset,
        batch_id=digest.hexdigest(),
        source_file=file.name,
        size_bytes=before[0],
        records=survey.records,
        header=tuple(survey.header or contract.column_names),
        splits=tuple(survey.splits),
    )


def _chunks(file: Path) -> Iterator[bytes]:
    try:
        with file.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise _unreadable(file, error) from None


def _size_and_time(file: Path) -> tuple[int, int]:
    try:
        state = file.stat()
    except OSError as error:
        raise _unreadable(file, error) from None
    return state.st_size, state.st_mtime_ns


def _unreadable(file: Path, error: OSError) -> SourceFileRefused:
    return SourceFileRefused(f"{file.name}: cannot be read: {error.strerror}; mend its permissions or deliver it again")


class _Survey:
    """Counts the records of a file, cuts it into splits and refuses what cannot be trusted, chunk by chunk."""

    def __init__(self, name: str, contract: Contract, split_bytes: int) -> None:
        self.records = 0
        self.header: list[str] | None = None
        self.splits: list[Split] = []
        self._name = name
        self._contract = contract
        self._split_bytes = split_bytes
        self._is_csv = contract.file_format == "csv"
        self._splitter = RecordSplitter(contract.dialect.delimiter if self._is_csv else None)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._skipped_bytes = 0
        self._is_started = False
        self._split_start = 0
        self._split_first_record = 1

    def feed(self, chunk: bytes) -> None:
        chunk = chunk if self._is_started else self._start(chunk)
        self._check_text(chunk)
        try:
            self._count(self._splitter.feed(chunk))
        except RecordTooLong:
            raise self._refusal(f"record {self.records + 1} is too long; is a quote opened and never closed?") from None
        if self._position() - self._split_start >= self._split_bytes:
            self._close_split()

    def finish(self) -> None:
        if not self._is_started:
            raise self._refusal("empty; deliver it again")
        self._check_text(b"", final=True)
        self._count(self._splitter.finish())
        self._close_split()
        if self._is_csv and self.header is None:
            raise self._refusal(f"holds no header; the first line must name {', '.join(self._contract.column_names)}")

    def _start(self, chunk: bytes) -> bytes:
        self._is_started = True
        for magic, what in _MAGIC.items():
            if chunk.startswith(magic):
                raise self._refusal(f"holds {what}; deliver plain {self._contract.file_format} in UTF-8")
        if chunk.startswith(codecs.BOM_UTF8):
            self._skipped_bytes = self._split_start = len(codecs.BOM_UTF8)
        return chunk[self._skipped_bytes :]

    def _check_text(self, chunk: bytes, *, final: bool = False) -> None:
        if b"\0" in chunk:
            raise self._refusal(f"holds a NUL byte after record {self.records}; it is cut or binary, deliver it again")
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            raise self._refusal(f"not UTF-8 somewhere after record {self.records}; save it as UTF-8") from None

    def _count(self, records: list[bytes]) -> None:
        if self._is_csv and self.header is None and records:
            self.header = self._read_header(records.pop(0))
        self.records += len(records)

    def _read_header(self, record: bytes) -> list[str]:
        header = parse_header(record, delimiter=self._contract.dialect.delimiter)
        wanted = self._contract.column_names
        if header is None or sorted(header) != sorted(wanted):
            faults = "; ".join(_header_faults(header or [], wanted)) or "malformed"
            raise self._refusal(f"header: {faults}; it must name {', '.join(wanted)}, in any order")
        return header

    def _position(self) -> int:
        return self._skipped_bytes + self._splitter.consumed

    def _close_split(self) -> None:
        """End the split where the next record starts; the header belongs to the first one."""
        if self.records >= self._split_first_record:
            length = self._position() - self._split_start
            self.splits.append(Split(self._split_start, length, self._split_first_record))
            self._split_start, self._split_first_record = self._position(), self.records + 1

    def _refusal(self, reason: str) -> SourceFileRefused:
        return SourceFileRefused(f"{self._name}: {reason}")


def _header_faults(header: list[str], wanted: tuple[str, ...]) -> Iterator[str]:
    doubled = sorted({name for name in header if header.count(name) > 1})
    for what, names in (
        ("missing", [name for name in wanted if name not in header]),
        ("unknown", [name for name in header if name not in wanted]),
        ("double", doubled),
    ):
        if names:
            yield f"{what} {', '.join(names)}"
