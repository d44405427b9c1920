"""Reads landed files on the executors: a split becomes rows, every value as it is written."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from batch_etl.contract import Contract
from batch_etl.records.boundaries import RecordSplitter
from batch_etl.records.csv_records import parse_csv
from batch_etl.records.json_records import parse_json
from batch_etl.stores.landing import CHUNK_BYTES, Batch, batch_folder

_SPLIT_SCHEMA = "offset long, length long, first_record_number long"


def read_batch(spark: SparkSession, batch: Batch, contract: Contract, *, landing: Path) -> DataFrame:
    """Every record of a landed file.

    returns  each contract column as a string (null where empty or absent), _raw, _fault (why the record cannot be taken
             apart, else null), _not_text (columns that should be JSON strings and are not), _record_number from 1,
             _source_file, _batch_id
    """
    file = batch_folder(landing, batch.dataset, batch.batch_id) / "source"
    constants = {"_source_file": batch.source_file, "_batch_id": batch.batch_id}

    def read(splits: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for rows in splits:
            for split in rows.to_pylist():
                for table in _read_split(file, batch.header, contract, **split):
                    yield from _with_constants(table, constants).select(_columns(contract)).to_batches()

    splits = [(split.offset, split.length, split.first_record_number) for split in batch.splits]
    described = spark.createDataFrame(splits, _SPLIT_SCHEMA).repartition(max(1, len(splits)))
    return described.mapInArrow(read, _schema(contract))


def _read_split(
    file: Path, header: tuple[str, ...], contract: Contract, *, offset: int, length: int, first_record_number: int
) -> Iterator[pa.Table]:
    is_csv = contract.file_format == "csv"
    splitter = RecordSplitter(contract.dialect.delimiter if is_csv else None)
    header_is_ahead = is_csv and first_record_number == 1
    next_number = first_record_number
    with file.open("rb") as source:
        source.seek(offset)
        while length > 0:
            chunk = source.read(min(CHUNK_BYTES, length))
            length -= len(chunk)
            records = splitter.feed(chunk) + (splitter.finish() if length == 0 else [])
            if header_is_ahead and records:
                records.pop(0)
                header_is_ahead = False
            if records:
                numbers = pa.array(range(next_number, next_number + len(records)), pa.int64())
                yield _parse(records, header, contract).append_column("_record_number", numbers)
                next_number += len(records)


def _parse(records: list[bytes], header: tuple[str, ...], contract: Contract) -> pa.Table:
    if contract.file_format == "json":
        texts = frozenset(c.name for c in contract.columns if c.kind in ("text", "date", "timestamp"))
        return parse_json(records, names=contract.column_names, text_names=texts)
    table = parse_csv(records, names=header, delimiter=contract.dialect.delimiter)
    return table.append_column("_not_text", pa.nulls(len(records), pa.list_(pa.string())))


def _with_constants(table: pa.Table, constants: dict[str, str]) -> pa.Table:
    for name, value in constants.items():
        table = table.append_column(name, pa.repeat(value, len(table)))
    return table


def _columns(contract: Contract) -> list[str]:
    return [*contract.column_names, "_raw", "_fault", "_not_text", "_record_number", "_source_file", "_batch_id"]


def _schema(contract: Contract) -> str:
    types = {"_not_text": "array<string>", "_record_number": "long"}
    return ", ".join(f"`{name}` {types.get(name, 'string')}" for name in _columns(contract))
