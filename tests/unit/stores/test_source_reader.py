"""Reading a landed file split by split gives every record once, with its number; on Spark, as it is done."""

import csv
import json
from pathlib import Path

from pyspark.sql import SparkSession

from batch_etl.contract import Column, Contract
from batch_etl.stores.landing import CHUNK_BYTES, land
from batch_etl.stores.source_reader import read_batch

NOTES = Contract(
    dataset="notes",
    file_format="csv",
    file_pattern="*",
    columns=tuple(Column(name=name, kind="text", physical_type="text", description="") for name in ("id", "note")),
    key=("id",),
    version_order=(),
    ledger_amount=None,
    references={},
)
COLUMNS = ["id", "note", "_raw", "_fault", "_not_text", "_record_number", "_source_file", "_batch_id"]


def test_splits_together_hold_every_record_once_with_its_number(spark: SparkSession, tmp_path: Path) -> None:
    """Long enough for several chunks; many a record spans lines, and the columns are swapped."""
    file = tmp_path / "notes.csv"
    odd = '\n\n"quoted", and more'
    notes = [("word " * 40 + (odd if number % 7 == 0 else ""), str(number)) for number in range(60_000)]
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([("note", "id"), *notes])
    assert file.stat().st_size > 2 * CHUNK_BYTES

    batch, _ = land(file, NOTES, landing=tmp_path / "landing", split_bytes=1)
    records = read_batch(spark, batch, NOTES, landing=tmp_path / "landing")

    assert len(batch.splits) > 2
    assert batch.records == len(notes)
    assert records.columns == COLUMNS
    read = records.toArrow()
    assert read.column("_fault").null_count == len(notes)
    rows = sorted(zip(*(read.column(name).to_pylist() for name in ("_record_number", "note", "id")), strict=True))
    assert rows == [(number, *note) for number, note in enumerate(notes, start=1)]
    assert set(read.column("_source_file").to_pylist()) == {"notes.csv"}
    assert set(read.column("_batch_id").to_pylist()) == {batch.batch_id}


def test_json_documents_and_files_without_records_are_read_by_the_same_door(
    spark: SparkSession, tmp_path: Path
) -> None:
    contract = NOTES.model_copy(update={"file_format": "json"})
    lines = [json.dumps({"id": "A", "note": "x\ty"}), '{"id": 1}', "{", "", json.dumps({"id": "B"})]
    for name, text in {"notes.json": "\ufeff" + "\n".join(lines), "none.json": "\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")

    files = tmp_path / "notes.json", tmp_path / "none.json"
    batches = [land(file, contract, landing=tmp_path / "landing", split_bytes=9)[0] for file in files]
    notes, none = (read_batch(spark, batch, contract, landing=tmp_path / "landing").toArrow() for batch in batches)

    told = notes.select(["_record_number", "id", "note", "_fault", "_not_text"]).to_pylist()
    assert [tuple(row.values()) for row in told] == [
        (1, "A", "x\ty", None, []),
        (2, "1", None, None, ["id"]),
        (3, None, None, "record: malformed JSON", []),
        (4, "B", None, None, []),
    ]
    assert (none.num_rows, none.column_names) == (0, COLUMNS)
