"""Reading a landed file split by split gives every record once, with its number; on Spark, as it is done."""

import csv
import gzip
import json
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql import SparkSession

from batch_etl.contract import Column, Contract, Dialect
from batch_etl.stores import source_bytes, source_reader
from batch_etl.stores.attempts import run_attempts, shared_out
from batch_etl.stores.lake import read_part
from batch_etl.stores.landing import Batch, Limits, land
from batch_etl.stores.source_reader import Piece, pieces_of, take_apart, with_raw_text

NOTES = Contract(
    dataset="notes",
    file_format="csv",
    file_pattern="*",
    columns=tuple(
        Column(name=name, kind="text", physical_type="text", description="", is_required=name == "id")
        for name in ("id", "note")
    ),
    key=("id",),
    version_order=(),
    ledger_amount=None,
    references={},
)
COLUMNS = ["id", "note", "_raw", "_fault", "_not_text", "_extra", "_record_number", "_source_file", "_batch_id"]


def land_bytes(folder: Path, content: bytes, contract: Contract, *, name: str = "notes", split_bytes: int = 1) -> Batch:
    (folder / name).write_bytes(content)
    limits = Limits(split_bytes=split_bytes, max_unpacked_bytes=1 << 20)
    return land(folder / name, contract, landing=folder / "landing", limits=limits)[0]


def by_task(pieces: list[Piece], task_bytes: int) -> list[list[Piece]]:
    return shared_out(pieces, lambda piece: piece.split.length, task_size=task_bytes, task_items=500)


def taken(folder: Path, batch: Batch, contract: Contract) -> pa.Table:
    """The records of a landed batch, taken apart in this process."""
    parts = take_apart(pieces_of(batch, contract), folder, landing=folder / "landing")
    assert sum(part.records for part in parts) == batch.records
    return pa.concat_tables([read_part(part.file) for part in parts])


def read(folder: Path, content: bytes, contract: Contract, *columns: str) -> list[tuple[Any, ...]]:
    """These columns of what landing and taking apart make of a file."""
    batch = land_bytes(folder, content, contract)
    table = with_raw_text(taken(folder, batch, contract), batch, contract)
    return list(zip(*(table.column(column).to_pylist() for column in columns), strict=True))


def test_splits_together_hold_every_record_once_with_its_number(spark: SparkSession, tmp_path: Path) -> None:
    """Long enough for several chunks; many a record spans lines, and the columns are swapped."""
    file = tmp_path / "notes.csv"
    odd = '\n\n"quoted", and more'
    notes = [("word " * 40 + (odd if number % 7 == 0 else ""), str(number)) for number in range(60_000)]
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerows([("note", "id"), *notes])
    assert file.stat().st_size > 2 * source_bytes.CHUNK_BYTES

    batch = land_bytes(tmp_path, file.read_bytes(), NOTES)
    work = partial(take_apart, landing=tmp_path / "landing")
    tasks = run_attempts(spark, tmp_path / "scratch", by_task(pieces_of(batch, NOTES), 1), work)

    assert len(tasks) > 2
    assert batch.records == len(notes)
    tables = [read_part(part.file) for _, parts in tasks for part in parts]
    assert [table.column_names for table in tables] == [COLUMNS] * len(tasks)
    records = pa.concat_tables(tables)
    assert records.column("_fault").null_count == len(notes)
    assert [*zip(*(records.column(name).to_pylist() for name in ("_record_number", "note", "id")), strict=True)] == [
        (number, *note) for number, note in enumerate(notes, start=1)
    ]
    assert set(records.column("_source_file").to_pylist()) == {"notes"}
    assert set(records.column("_batch_id").to_pylist()) == {batch.batch_id}


def test_many_small_pieces_share_a_task_and_a_big_one_has_its_own(tmp_path: Path) -> None:
    batch = land_bytes(tmp_path, b"id,note\n1,a\n", NOTES)
    small = pieces_of(batch, NOTES) * 1001

    assert [len(task) for task in by_task(small, 1 << 20)] == [500, 500, 1]
    assert [len(task) for task in by_task(small[:5], 8)] == [2, 2, 1]
    assert by_task([], 8) == []


def test_a_file_without_records_tells_its_columns(tmp_path: Path) -> None:
    records = taken(tmp_path, land_bytes(tmp_path, b"id,note\n", NOTES), NOTES)

    assert (records.num_rows, records.column_names) == (0, COLUMNS)


def test_a_landed_file_that_lost_its_end_gives_fewer_records(tmp_path: Path) -> None:
    batch = land_bytes(tmp_path, b"id,note\n1,a\n2,b\n", NOTES)
    (tmp_path / "landing/notes" / batch.batch_id / "source").write_bytes(b"id,note\n1,a\n")

    (part,) = take_apart(pieces_of(batch, NOTES), tmp_path, landing=tmp_path / "landing")

    assert (part.records, batch.records) == (1, 2)


JSON = NOTES.model_copy(update={"file_format": "json"})
LINES = [json.dumps({"id": "A", "note": "x\ty"}), '{"id": 1}', "{x}", json.dumps({"id": "B"})]


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + "\n".join([*LINES[:3], "", *LINES[3:]]),
        f" [{', '.join(LINES)}]\n",
        "[\n" + ",\n\n  ".join(LINES) + "\n]",
    ],
    ids=["a document a line", "an array", "an array in lines"],
)
def test_documents_may_stand_in_lines_or_in_an_array(tmp_path: Path, text: str) -> None:
    told = read(tmp_path, text.encode(), JSON, "_record_number", "id", "note", "_raw", "_fault", "_not_text")

    assert told == [
        (1, "A", "x\ty", LINES[0], None, []),
        (2, "1", None, LINES[1], None, ["id"]),
        (3, None, None, "{x}", "record: malformed JSON", []),
        (4, "B", None, LINES[3], None, []),
    ]


def test_an_array_in_splits_is_read_as_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", 5)
    monkeypatch.setattr(source_reader, "CHUNK_BYTES", 7)

    batch = land_bytes(tmp_path, f"[{', '.join(LINES)}]".encode(), JSON)

    assert len(batch.splits) == 4
    assert taken(tmp_path, batch, JSON).column("_raw").to_pylist() == LINES


def test_a_dialect_decides_how_bytes_are_read(tmp_path: Path) -> None:
    dialect = Dialect(delimiter=";", encoding="cp1252", preamble_lines=2)
    content = 'Stores, "exported\n\r\nnote;id\r\n5 €;Zoë\r\n"a;\nb";2\r\n'.encode("cp1252")

    told = read(tmp_path, content, NOTES.model_copy(update={"dialect": dialect}), "id", "note", "_raw", "_fault")

    assert told == [("Zoë", "5 €", "5 €;Zoë", None), ("2", "a;\nb", '"a;\nb";2', None)]


def test_a_contract_that_evolves_keeps_unknown_columns_aside(tmp_path: Path) -> None:
    contract = NOTES.model_copy(update={"drift": "evolve"})

    told = read(tmp_path, b'size,id,"the, x"\n7,1,\n,2,\n,3,"\xc3\xa9"\n4\n', contract, *COLUMNS[:4], "_extra")

    assert told == [
        ("1", None, "7,1,", None, '{"size": "7"}'),
        ("2", None, ",2,", None, None),
        ("3", None, ',3,"é"', None, '{"the, x": "é"}'),
        (None, None, "4", "record: 1 fields instead of 3", None),
    ]


@pytest.mark.parametrize("name", ["_not_text", "_extra", "_record_number", "_source_file", "_batch_id"])
def test_an_unknown_column_may_have_a_name_that_we_use_too(tmp_path: Path, name: str) -> None:
    contract = NOTES.model_copy(update={"drift": "evolve"})

    told = read(tmp_path, f"id,{name}\nA,7\n".encode(), contract, *COLUMNS[:-1])

    assert told == [("A", None, "A,7", None, None, f'{{"{name}": "7"}}', 1, "notes")]


def test_a_contract_that_quarantines_gives_every_record_the_fault_of_the_header(tmp_path: Path) -> None:
    contract = NOTES.model_copy(update={"drift": "quarantine"})

    told = read(tmp_path, b'id,Note\n1,a\r\n"2\n",b\n', contract, "id", "note", "_raw", "_fault", "_record_number")

    fault = "header: missing note; unknown Note; for 'Note' use note"
    assert told == [(None, None, "1,a", fault, 1), (None, None, '"2\n",b', fault, 2)]


def test_unknown_fields_of_documents_are_kept_aside_where_the_contract_evolves(tmp_path: Path) -> None:
    content = b'{"id": "A", "size": 7}\n'

    assert read(tmp_path, content, JSON, "_fault", "_extra") == [("record: unknown field: size", None)]
    evolving = JSON.model_copy(update={"drift": "evolve", "dataset": "others"})
    assert read(tmp_path, content, evolving, "_fault", "_extra") == [(None, '{"size": 7}')]


def test_an_archive_is_read_as_what_it_holds(tmp_path: Path) -> None:
    batch = land_bytes(tmp_path, gzip.compress(b"id,note\n1,a\n2,b\n"), NOTES, name="notes.csv.gz")

    records = taken(tmp_path, batch, NOTES)

    assert records.select(["id", "note"]).to_pylist() == [{"id": "1", "note": "a"}, {"id": "2", "note": "b"}]


HOSTILE = st.text(alphabet='ab",\r\n \u2028é', max_size=60)


@given(text=HOSTILE, split_bytes=st.integers(1, 30), chunk_bytes=st.integers(5, 30))
def test_records_do_not_depend_on_chunks_and_splits(
    tmp_path_factory: pytest.TempPathFactory, text: str, split_bytes: int, chunk_bytes: int
) -> None:
    content = b"id,note\n" + text.encode()
    folder = tmp_path_factory.mktemp("whole")
    whole = taken(folder, land_bytes(folder, content, NOTES, split_bytes=1 << 20), NOTES)

    with pytest.MonkeyPatch.context() as patch:
        for module in (source_bytes, source_reader):
            patch.setattr(module, "CHUNK_BYTES", chunk_bytes)
        folder = tmp_path_factory.mktemp("split")
        split = taken(folder, land_bytes(folder, content, NOTES, split_bytes=split_bytes), NOTES)

    assert split.to_pylist() == whole.to_pylist()
