"""The Parquet lake under data/processed. A folder appears under its name only when it is whole."""

import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet


@dataclass(frozen=True)
class Lake:
    """Where each layer keeps its folders.

    ingested/<dataset>/batch=<sha256>                         as written, a row a record
    clean|quarantine|duplicates/<dataset>/contract=<fingerprint>/batch=<sha256>   judged by one contract
    mart/<fingerprint>/<schema.table>                         computed from what is clean
    """

    root: Path

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def reports(self) -> Path:
        return self.root / "reports"

    @property
    def exports(self) -> Path:
        return self.root / "exports"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder for the attempts of tasks, gone when the block ends."""
        folder = self.root / f".{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def ingested(self, dataset: str, batch_id: str) -> Path:
        return self.root / "ingested" / dataset / f"batch={batch_id}"

    def judged(self, layer: str, dataset: str, contract_id: str, batch_id: str) -> Path:
        """layer is clean, quarantine or duplicates."""
        return self.root / layer / dataset / f"contract={contract_id}" / f"batch={batch_id}"

    def judgements(self, dataset: str, batch_id: str) -> list[Path]:
        """The clean records of a batch by every contract that has judged it."""
        return sorted((self.root / "clean" / dataset).glob(f"contract=*/batch={batch_id}"))

    def mart(self, fingerprint: str) -> Path:
        return self.root / "mart" / fingerprint


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """Give a path beside the folder to write to; it takes the folder's place when the block ends well."""
    beside = folder.parent / f".{uuid.uuid4().hex}"
    beside.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield beside
        remove(folder)
        beside.rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def remove(folder: Path) -> None:
    """Delete a folder, if it is there: whoever is killed meanwhile leaves all of it under its name, or nothing."""
    if folder.exists():
        aside = folder.parent / f".{uuid.uuid4().hex}"
        folder.rename(aside)
        shutil.rmtree(aside, ignore_errors=True)


def count_rows(folder: Path) -> int:
    """Rows of a Parquet folder and those below it, from its footers: what is on disk, without a job."""
    return sum(map(count_rows_of, folder.rglob("*.parquet")))


def files_in(folders: Iterable[Path]) -> list[Path]:
    """The Parquet files of folders, in order."""
    return [file for folder in folders for file in sorted(folder.glob("*.parquet"))]


def size_of(folders: Iterable[Path]) -> int:
    """Bytes of the files in these folders and below them."""
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*") if file.is_file())


def count_rows_of(file: Path) -> int:
    return int(parquet.read_metadata(file).num_rows)


def count_empty(file: Path, columns: Iterable[str]) -> dict[str, tuple[int, int]]:
    """The rows, and the empty cells in each of these columns that a Parquet file has, from its footer."""
    footer = parquet.read_metadata(file)
    groups, names = [footer.row_group(group) for group in range(footer.num_row_groups)], footer.schema.names
    return {
        name: (footer.num_rows, sum(group.column(names.index(name)).statistics.null_count for group in groups))
        for name in columns
        if name in names
    }


def bounds_of(file: Path, column: str) -> tuple[Any, Any] | None:
    """The least and the greatest value of a column, from a Parquet file's footer; None where that does not tell."""
    footer = parquet.read_metadata(file)
    place = footer.schema.names.index(column)
    told = [footer.row_group(group).column(place).statistics for group in range(footer.num_row_groups)]
    if not told or not all(group and group.has_min_max for group in told):
        return None
    return min(group.min for group in told), max(group.max for group in told)


def write_part(table: pa.Table, file: Path, *, repeating: Sequence[str] | None = None) -> Path:
    """Write a Parquet file, every page with a checksum: a bit that flips on disk is an error, not another value.

    repeating  columns whose values repeat; where it is not said, that is found out for each of them
    """
    with part_writer(file, table.schema, repeating=repeating) as part:
        part.write_table(table)
    return file


def part_writer(file: Path, schema: pa.Schema, *, repeating: Sequence[str] | None = None) -> parquet.ParquetWriter:
    """Open a Parquet file to write table after table to it, as write_part writes one."""
    options = {"write_page_checksum": True, "store_decimal_as_integer": True}
    use_dictionary = True if repeating is None else list(repeating)
    return parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=use_dictionary, **options)


def open_part(file: Path) -> parquet.ParquetFile:
    """Open a Parquet file, whose pages are then held against their checksums."""
    # Spark may write moments as INT96, whose nanoseconds end in 2262.
    return parquet.ParquetFile(file, page_checksum_verification=True, coerce_int96_timestamp_unit="us")


def read_part(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    # A file by itself: to find it as a dataset of one takes three times as long. One thread: Spark's tasks are as many
    # as there are cores; each keeps to its own.
    with open_part(file) as part:
        return part.read(columns, use_threads=False)


def read_batches(file: Path, columns: Sequence[str], *, rows: int) -> Iterator[pa.Table]:
    """A Parquet file piece by piece, as read_part reads it whole: so many rows are in memory at once."""
    with open_part(file) as part:
        for batch in part.iter_batches(rows, columns=columns, use_threads=False):
            yield pa.Table.from_batches([batch])


def replace_file(file: Path, text: str) -> None:
    """Write a text file beside and rename: a reader sees the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.parent / f".{uuid.uuid4().hex}"
    beside.write_text(text, encoding="utf-8")
    beside.rename(file)
