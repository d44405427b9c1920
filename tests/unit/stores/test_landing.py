"""A source file lands whole and known by its content, or is refused with a reason. All files are real."""

import codecs
import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from batch_etl.contract import Dialect
from batch_etl.errors import SourceFileRefused
from batch_etl.stores import landing, source_bytes
from batch_etl.stores.landing import Limits, batches_read_otherwise, known_batches, read_again
from tests.unit.stores.landed import CUSTOMERS, SALES, land_bytes, land_file, refusal


def test_a_file_lands_as_a_copy_known_by_its_content(raw: Path) -> None:
    content = b'id,note\r\n1,"a\nb"\r\n\r\n2,c'

    batch, is_new = land_bytes(raw, content)

    sha256 = hashlib.sha256(content).hexdigest()
    assert is_new
    assert (batch.batch_id, batch.source_file, batch.size_bytes, batch.records) == (
        sha256,
        "sales.csv",
        len(content),
        2,
    )
    assert (raw.parent / "landing/sales" / sha256 / "source").read_bytes() == content
    assert known_batches(raw.parent / "landing", SALES) == [batch]


def test_the_same_bytes_under_a_new_name_are_the_same_batch(raw: Path) -> None:
    first, _ = land_bytes(raw, b"id,note\n1,a\n")

    again, is_new = land_bytes(raw, b"id,note\n1,a\n", name="sales_copy.csv")
    other, other_is_new = land_bytes(raw, b"id,note\n1,b\n", name="sales.csv")

    assert (again, is_new) == (first, False)
    assert other_is_new
    assert known_batches(raw.parent / "landing", SALES) == sorted([first, other], key=lambda batch: batch.batch_id)


@pytest.mark.parametrize(
    ("content", "header", "records"),
    [
        (b"id,note\n", ("id", "note"), 0),
        (b"id,note", ("id", "note"), 0),
        (b"\n\nid,note\n1,a\n", ("id", "note"), 1),
        (b"note,id\na,1\n", ("note", "id"), 1),
        (b'"id","note"\r\n1,a\r\n', ("id", "note"), 1),
        (codecs.BOM_UTF8 + b"id,note\n1,a\n", ("id", "note"), 1),
        ("id,note\n1,Zoë 🎁\n".encode(), ("id", "note"), 1),
        (b"id,note\n1,a,b\n2\n", ("id", "note"), 2),
        (b'id,note\n1,"a\n2,b\n', ("id", "note"), 2),
        (b'id,note\n1,"a\n2,b"\n', ("id", "note"), 1),
    ],
    ids=repr,
)
def test_what_can_be_trusted_lands_with_its_header_and_count(
    raw: Path, content: bytes, header: tuple[str, ...], records: int
) -> None:
    batch, _ = land_bytes(raw, content)

    assert (batch.header.names, batch.records) == (header, records)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty; deliver it again"),
        (b"\n\n", "holds no header; its first record must name id, note"),
        (codecs.BOM_UTF8, "holds no header; its first record must name id, note"),
        (b"1,a\n2,b\n", "header: missing id, note; unknown 1, a; it must name id, note, in any order"),
        (b"id\n1\n", "header: missing note;"),
        (b"id,note,extra\n", "header: unknown extra;"),
        (b"id,note,id\n", "header: double id;"),
        (b"id,Note\n", "header: missing note; unknown Note; for 'Note' use note; it must name"),
        (b"id, note\n", "header: missing note; unknown  note; for ' note' use note; it must name"),
        (b"id;note\n1;a\n", "header: parted by ';', its contract says ','; it must name id,"),
        (b"id,note\r1,a\r", "header: lines end in CR alone, end them in LF; it must name"),
        (b'id,"note\n1,a\n', "header: malformed; it must name"),
        ("id,note\n1,a\n".encode("utf-16"), "holds UTF-16 text; save it as UTF-8"),
        (codecs.BOM_UTF16_BE + "id,note\n".encode("utf-16-be"), "holds UTF-16 text; save it as UTF-8"),
        ("id,note\n1,a\n".encode("utf-16-le"), "holds a NUL byte after record 0; it is cut or binary"),
        ("id,note\n1,a\n2,Zoë\n".encode("latin-1"), "not UTF-8 somewhere after record 0; save it as UTF-8"),
        ("id,note\n1,Zoë".encode()[:-1], "not UTF-8 somewhere after record 0; save it as UTF-8"),
        (b"id,note\n1,a\n2,\0\n", "holds a NUL byte after record 0; it is cut or binary"),
        (gzip.compress(b"id,note\n1,a\n"), "holds gzip data; name it .gz, or deliver it plain"),
        (b"PK\x03\x04...", "holds a zip archive; deliver what is in it"),
        (b"\x28\xb5\x2f\xfd...", "holds zstd data; name it .zst, or deliver it plain"),
        (b"PAR1...", "holds Parquet; deliver csv"),
    ],
    ids=repr,
)
def test_what_cannot_be_trusted_is_refused_with_the_reason(raw: Path, content: bytes, reason: str) -> None:
    assert refusal(raw, content).startswith(f"sales.csv: {reason}".rstrip())


def test_a_file_of_quotes_that_are_never_closed_is_refused(raw: Path) -> None:
    content = b"id,note\n" + b'1","a\n' * 1001

    reason = "sales.csv: holds more than 1000 quotes that are never closed; is it quoted in another way?"
    assert refusal(raw, content) == reason
    assert land_bytes(raw, content[: -len(b'1","a\n')])[0].records == 1000


def test_json_needs_no_header_but_bytes_that_can_be_trusted(raw: Path) -> None:
    batch, _ = land_bytes(raw, b'{"id": 1}\n\n{"id": 2}', name="customers.json", contract=CUSTOMERS)

    assert (batch.records, batch.header.names) == (2, ("id", "note"))
    (raw.parent / "landing/customers" / batch.batch_id / "batch.json").unlink()
    (raw.parent / "landing/customers" / batch.batch_id / "source").unlink()
    (raw.parent / "landing/customers" / batch.batch_id).rmdir()
    assert "holds gzip data" in refusal(raw, gzip.compress(b"{}"), name="customers.json", contract=CUSTOMERS)
    assert "empty; deliver it again" in refusal(raw, b"", name="customers.json", contract=CUSTOMERS)


def test_a_landing_that_was_interrupted_is_no_batch(raw: Path) -> None:
    batch, _ = land_bytes(raw, b"id,note\n1,a\n")
    folder = raw.parent / "landing/sales"
    (folder / batch.batch_id).rename(folder / ".beside")

    assert known_batches(raw.parent / "landing", SALES) == []
    assert land_bytes(raw, b"id,note\n1,a\n") == (batch, True)


def test_splits_tile_the_file_and_number_its_records(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", 5)
    content = codecs.BOM_UTF8 + b'note,id\n"a\n\n,b",1\n\nc,2\r\n"d",3\n\n\n"' + b"e\n" * 9 + b'",4\nf,5'

    batch, _ = land_bytes(raw, content, split_bytes=1)

    ends = [split.offset + split.length for split in batch.splits]
    assert [split.offset for split in batch.splits] == [len(codecs.BOM_UTF8 + b"note,id\n"), *ends[:-1]]
    assert ends[-1] == len(content)
    assert [split.first_record_number for split in batch.splits] == [1, 2, 3, 4, 5]
    whole = [content[split.offset : split.offset + split.length] for split in batch.splits]
    assert [part.strip() for part in whole] == [
        b'"a\n\n,b",1',
        b"c,2",
        b'"d",3',
        b'"' + b"e\n" * 9 + b'",4',
        b"f,5",
    ]


def test_a_file_below_the_split_size_is_one_split_and_one_without_records_none(raw: Path) -> None:
    content = b"id,note\n1,a\n2,b\n"
    one, _ = land_bytes(raw, content)
    none, _ = land_bytes(raw, b"id,note\n")

    assert [(split.offset, split.length, split.first_record_number) for split in one.splits] == [
        (8, len(content) - 8, 1)
    ]
    assert none.splits == ()


def test_a_file_of_a_known_size_is_looked_at_before_it_is_copied(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = land_bytes(raw, b"id,note\n1,a\n")
    (raw / "same.csv").write_bytes(b"id,note\n1,a\n")
    (raw / "other.csv").write_bytes(b"id,note\n1,b\n")
    sizes = {first.size_bytes}

    assert land_file(raw / "other.csv", known_sizes=sizes)[1]
    with monkeypatch.context() as patch:
        patch.delattr(landing, "_copy")
        assert land_file(raw / "same.csv", known_sizes=sizes) == (first, False)


EVOLVING = SALES.model_copy(update={"drift": "evolve"})
WIDER = SALES.model_copy(update={"columns": (*SALES.columns, SALES.columns[0].model_copy(update={"name": "size"}))})
LIMITS = Limits(split_bytes=1, max_unpacked_bytes=1 << 20)


def test_a_changed_contract_has_landed_bytes_surveyed_again(raw: Path) -> None:
    folder = raw.parent / "landing"
    before, _ = land_bytes(raw, gzip.compress(b"id,note\n1,a\n2,b\n"), name="sales.csv.gz")

    assert (known_batches(folder, EVOLVING), batches_read_otherwise(folder, EVOLVING)) == ([], [before])

    after = read_again(before, EVOLVING, landing=folder, limits=LIMITS)

    assert (known_batches(folder, EVOLVING), batches_read_otherwise(folder, EVOLVING)) == ([after], [])
    assert after == replace(before, reading=EVOLVING.reading_fingerprint, splits=after.splits)


def test_the_same_bytes_under_a_changed_contract_are_the_same_batch_read_anew(raw: Path) -> None:
    before, _ = land_bytes(raw, b"id,note\n1,a\n")

    for known_sizes in ((), {before.size_bytes}):
        contract = EVOLVING if known_sizes else SALES.model_copy(update={"drift": "quarantine"})
        after, is_new = land_file(raw / "sales.csv", contract, known_sizes=known_sizes)
        assert (is_new, after.batch_id, after.reading) == (False, before.batch_id, contract.reading_fingerprint)


def test_a_landed_file_that_todays_contract_cannot_read_is_refused_and_stays(raw: Path) -> None:
    folder = raw.parent / "landing"
    before, _ = land_bytes(raw, b"id,note\n1,a\n")

    with pytest.raises(SourceFileRefused, match=r"sales\.csv: header: missing size"):
        read_again(before, WIDER, landing=folder, limits=LIMITS)
    (raw / "copy.csv").write_bytes(b"id,note\n1,a\n")
    with pytest.raises(SourceFileRefused, match=r"copy\.csv: header: missing size"):
        land_file(raw / "copy.csv", WIDER, known_sizes={before.size_bytes})

    assert (known_batches(folder, WIDER), known_batches(folder, SALES)) == ([], [before])


def test_what_a_reading_depends_on_and_what_it_does_not() -> None:
    stricter = SALES.columns[0].model_copy(update={"max_length": 3})
    decimal = SALES.dialect.model_copy(update={"decimal_separator": ","})
    same = [{"columns": (stricter, *SALES.columns[1:])}, {"dialect": decimal}, {"file_pattern": "*"}]
    other = [{"dialect": Dialect(delimiter=";")}, {"drift": "evolve"}, {"columns": SALES.columns[:1]}]

    assert {SALES.model_copy(update=update).reading_fingerprint for update in same} == {SALES.reading_fingerprint}
    assert len({SALES.model_copy(update=u).reading_fingerprint for u in [{}, *other]}) == 4
