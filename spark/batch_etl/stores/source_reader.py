"""Takes landed files apart on the executors: a split becomes rows, every value as it is written."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

from batch_etl.contract import Contract
from batch_etl.records.array_elements import ArraySplitter
from batch_etl.records.boundaries import Records, RecordSplitter
from batch_etl.records.csv_records import keep_apart, parse_csv, raw_text
from batch_etl.records.header import Header
from batch_etl.records.json_records import parse_json
from batch_etl.stores.lake import write_part
from batch_etl.stores.landing import Batch, batch_folder
from batch_etl.stores.source_bytes import CHUNK_BYTES
from batch_etl.stores.survey import Split

_TYPES = {"_not_text": pa.list_(pa.string()), "_record_number": pa.int64()}


@dataclass(frozen=True)
class Piece:
    """A split of a batch: what becomes one Parquet file."""

    batch: Batch
    contract: Contract
    split: Split


@dataclass(frozen=True)
class Taken:
    """The file that a piece became, and its records."""

    piece: Piece
    file: Path
    records: int


def pieces_of(batch: Batch, contract: Contract) -> list[Piece]:
    """A batch without records has a piece too: its file tells the columns."""
    return [Piece(batch, contract, split) for split in batch.splits or (Split(0, 0, 1),)]


def take_apart(pieces: Sequence[Piece], folder: Path, *, landing: Path) -> list[Taken]:
    """The work of a task: write the records of each piece.

    written  each contract column as a string (null where empty or absent), _raw (the text; null where with_raw_text()
             gives it back), _fault (why the record cannot be taken apart, else null), _not_text (columns that should be
             JSON strings and are not), _extra (what is in no column of the contract, as JSON), _record_number from 1,
             _source_file, _batch_id
    """
    return [_write(piece, folder / f"{place}.parquet", landing) for place, piece in enumerate(pieces)]


def with_raw_text(records: pa.Table, batch: Batch, contract: Contract) -> pa.Table:
    """Records of a batch with the text that each of them has in its file."""
    if contract.file_format == "json" or records.column("_raw").null_count == 0:
        return records
    texts = raw_text(records, names=batch.header.names, delimiter=contract.dialect.delimiter)
    return records.set_column(records.column_names.index("_raw"), "_raw", texts)


def _write(piece: Piece, file: Path, landing: Path) -> Taken:
    batch, first = piece.batch, piece.split.first_record_number
    names = [*piece.contract.column_names, "_raw", "_fault", "_not_text", "_extra"]
    empty = pa.schema([(name, _TYPES.get(name, pa.string())) for name in names]).empty_table()
    parse = partial(parse_records, header=batch.header, contract=piece.contract)
    table = pa.concat_tables([empty, *(parse(records).select(names) for records in _records(piece, landing))])
    table = table.append_column("_record_number", pa.array(np.arange(first, first + len(table))))
    for name, value in (("_source_file", batch.source_file), ("_batch_id", batch.batch_id)):
        table = table.append_column(name, pa.repeat(value, len(table)))
    # A dictionary pays for what repeats; to find out for every other column takes as long again as writing it.
    write_part(table, file, repeating=("_fault", "_source_file", "_batch_id"))
    return Taken(piece, file, len(table))


def _records(piece: Piece, landing: Path) -> Iterator[Records]:
    """The records of a piece, chunk by chunk, in UTF-8."""
    batch, dialect, left = piece.batch, piece.contract.dialect, piece.split.length
    delimiter = dialect.delimiter.encode() if piece.contract.file_format == "csv" else None
    splitter = ArraySplitter() if batch.is_array else RecordSplitter(delimiter)
    with (batch_folder(landing, batch.dataset, batch.batch_id) / batch.text).open("rb") as source:
        source.seek(piece.split.offset)
        while chunk := source.read(min(CHUNK_BYTES, left)):
            left -= len(chunk)
            yield splitter.feed(chunk).as_utf8(dialect.encoding)
    yield splitter.finish().as_utf8(dialect.encoding)


def parse_records(records: Records, header: Header, contract: Contract) -> pa.Table:
    """Take records of UTF-8 apart as take_apart() writes them, before their lineage is put to them."""
    if contract.file_format == "json":
        texts = frozenset(column.name for column in contract.columns if column.is_written_as_text)
        is_open = contract.drift == "evolve"
        return parse_json(records, names=contract.column_names, text_names=texts, keeps_unknown=is_open)
    table = _parse_csv(records, header, contract)
    missing = [name for name in (*contract.column_names, "_not_text", "_extra") if name not in table.column_names]
    for name in missing:
        table = table.append_column(name, pa.nulls(len(table), _TYPES.get(name, pa.string())))
    return table


def _parse_csv(records: Records, header: Header, contract: Contract) -> pa.Table:
    delimiter = contract.dialect.delimiter
    if header.fault is not None:
        return keep_apart(records, names=contract.column_names, fault=header.fault)
    table = parse_csv(records, names=header.names, delimiter=delimiter)
    unknown = [name for name in header.names if name not in contract.column_names]
    if not unknown:
        return table
    # The values of these columns are not kept as such, so the text can no longer be made of values.
    texts = raw_text(table, names=header.names, delimiter=delimiter)
    table = table.set_column(table.column_names.index("_raw"), "_raw", texts)
    extras = pa.array(_extras(table.select(unknown)), pa.string())
    # Their names may be ours: a file may have a column _extra, too.
    return table.drop_columns(unknown).append_column("_extra", extras)


def _extras(unknown: pa.Table) -> Iterator[str | None]:
    for row in unknown.to_pylist():
        extra = {name: value for name, value in row.items() if value is not None}
        yield json.dumps(extra, ensure_ascii=False) if extra else None
