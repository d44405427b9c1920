"""CSV by RFC 4180, strictly: legal records come out as they went in, the others are named."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.records.boundaries import TOO_LONG, Records, RecordSplitter
from batch_etl.records.csv_records import parse_csv, parse_header, raw_text

NAMES = ("a", "b", "c")


def parsed(*records: bytes, delimiter: str = ",") -> list[list[str | None]]:
    table = parse_csv(Records.one_by_one(records), names=NAMES, delimiter=delimiter)
    return [[row[name] for name in NAMES] for row in table.to_pylist()]


def fault(record: bytes) -> str | None:
    table = parse_csv(Records.one_by_one([record]), names=NAMES, delimiter=",")
    assert raw_text(table, names=NAMES, delimiter=",").to_pylist() == [record.removesuffix(b"\r").decode()]
    (row,) = table.to_pylist()
    assert row["_fault"] is None or [row[name] for name in NAMES] == [None] * 3
    return row["_fault"]


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        (b"1,2,3", ["1", "2", "3"]),
        (b"1,2,3\r", ["1", "2", "3"]),
        (b",,", [None, None, None]),
        (b'"",2,""', [None, "2", None]),
        (b'"1","2","3"', ["1", "2", "3"]),
        (b'"x,y",2,3', ["x,y", "2", "3"]),
        (b'"x\ny",2,3', ["x\ny", "2", "3"]),
        (b'"x\r\ny",2,3\r', ["x\r\ny", "2", "3"]),
        (b'"say ""hi""",2,3', ['say "hi"', "2", "3"]),
        (b'"""",2,3', ['"', "2", "3"]),
        (b" 1 ,\t2,3 ", [" 1 ", "\t2", "3 "]),
        ("Zoë,🎁,é".encode(), ["Zoë", "🎁", "é"]),
        (b"NULL,\\N,nan", ["NULL", "\\N", "nan"]),
        (b"a\\,b,c", ["a\\", "b", "c"]),
    ],
    ids=repr,
)
def test_a_legal_record_gives_its_fields_as_they_are_written(record: bytes, fields: list[str | None]) -> None:
    assert fault(record) is None
    assert parsed(record) == [fields]


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (b'1,2"2,3', "record: malformed CSV"),
        (b'1, "2",3', "record: malformed CSV"),
        (b'1,"2" ,3', "record: malformed CSV"),
        (b'1,"2"2,3', "record: malformed CSV"),
        (b'1,"2,3', "record: malformed CSV"),
        (b'1,2,"', "record: malformed CSV"),
        (b'1,2,"""', "record: malformed CSV"),
        (b"1,2\r,3", "record: malformed CSV"),
        (b"1,2,3\r\r", "record: malformed CSV"),
        (b"1,2", "record: 2 fields instead of 3"),
        (b"1", "record: 1 fields instead of 3"),
        (b" ", "record: 1 fields instead of 3"),
        (b"1,2,3,4", "record: 4 fields instead of 3"),
        (b"1,2,3,", "record: 4 fields instead of 3"),
        (b'1,"2,3",4\r', None),
        (b'1,"2,3"', "record: 2 fields instead of 3"),
        (b"1;2;3", "record: 1 fields instead of 3"),
    ],
    ids=repr,
)
def test_a_record_that_cannot_be_taken_apart_is_named(record: bytes, named: str | None) -> None:
    assert fault(record) == named


def test_plain_and_quoted_and_broken_records_keep_their_places() -> None:
    records = RecordSplitter(b",").feed(b'1,2,3\n"4",5,6\n7,8\n9,10,11\nx"\n\n,,\n')

    table = parse_csv(records, names=NAMES, delimiter=",").to_pylist()

    assert [row["_raw"] for row in table] == [None, '"4",5,6', "7,8", None, 'x"', None]
    assert [row["a"] for row in table] == ["1", "4", None, "9", None, None]
    assert [row["_fault"] is None for row in table] == [True, True, False, True, False, True]


def test_no_record_is_an_empty_table_with_every_column() -> None:
    table = parse_csv(Records(), names=NAMES, delimiter=",")

    assert (table.num_rows, table.column_names) == (0, ["a", "b", "c", "_raw", "_fault"])


FIELDS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ROWS = st.lists(st.tuples(FIELDS, FIELDS, FIELDS).filter(any), max_size=6)
# With a line feed alone and as few quotes as possible, Python leaves a carriage return unquoted, which is no CSV.
STYLES = st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\r\n", csv.QUOTE_ALL), ("\n", csv.QUOTE_ALL)])


@given(rows=ROWS, delimiter=st.sampled_from([",", ";", "\t", "|"]), style=STYLES)
def test_what_another_writer_wrote_is_read_as_it_was_meant(
    rows: list[tuple[str, str, str]], delimiter: str, style: tuple[str, int]
) -> None:
    text = io.StringIO(newline="")
    line_end, quoting = style
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows(rows)

    table = parse_csv(split(text.getvalue(), delimiter), names=NAMES, delimiter=delimiter)

    assert table.column("_fault").null_count == len(rows)
    assert [[row[name] for name in NAMES] for row in table.to_pylist()] == [[f or None for f in row] for row in rows]


@given(record=st.text(alphabet='a",\r ', min_size=1, max_size=12).filter(lambda text: text != "\r"))
def test_what_is_accepted_is_what_a_strict_reader_reads(record: str) -> None:
    """Python's own strict reader is laxer than RFC 4180, so it must agree wherever ours accepts."""
    (row,) = parse_csv(Records.one_by_one([record.encode()]), names=NAMES, delimiter=",").to_pylist()

    if row["_fault"] is None:
        (fields,) = csv.reader([record.removesuffix("\r")], strict=True)
        assert [row[name] for name in NAMES] == [field or None for field in fields]


def split(text: str, delimiter: str) -> Records:
    """The records of a text, its lines without quotes among them."""
    return RecordSplitter(delimiter.encode()).feed(text.encode() + b"\n")


# Among them what other readers take for a line end, a byte order mark, and the blanks that some of them trim.
HOSTILE = st.text(alphabet='ab",;\r\n \t\u2028\x85\x0b\x0c\x1c\ufeffé', max_size=60)


@given(text=HOSTILE, width=st.integers(1, 3), delimiter=st.sampled_from([",", ";", "\t", " "]))
def test_reading_lines_at_once_gives_what_reading_one_by_one_gives(text: str, width: int, delimiter: str) -> None:
    """The other way is a header's: no Arrow, one record, field by field."""
    names, records = NAMES[:width], split(text, delimiter)

    table = parse_csv(records, names=names, delimiter=delimiter)

    assert table.select(names).to_pylist() == [by_hand(record, names, delimiter)[0] for record in records]
    assert table.column("_fault").to_pylist() == [by_hand(record, names, delimiter)[1] for record in records]
    assert raw_text(table, names=names, delimiter=delimiter).to_pylist() == [
        record.removesuffix(b"\r").decode() for record in records
    ]


def by_hand(record: bytes, names: tuple[str, ...], delimiter: str) -> tuple[dict[str, str | None], str | None]:
    fields = parse_header(record.decode(), delimiter=delimiter)
    if fields is None:
        return dict.fromkeys(names), "record: malformed CSV"
    if len(fields) != len(names):
        return dict.fromkeys(names), f"record: {len(fields)} fields instead of {len(names)}"
    return {name: value or None for name, value in zip(names, fields, strict=True)}, None


def test_a_record_that_was_cut_is_named_and_keeps_what_is_there_of_its_text() -> None:
    records = Records(b"1,2,3\n", {1: "4,5,é".encode()[:-1]}, frozenset({1}))

    first, cut = parse_csv(records, names=NAMES, delimiter=",").to_pylist()

    assert first["_fault"] is None
    assert cut == {"a": None, "b": None, "c": None, "_raw": "4,5,", "_fault": TOO_LONG}


def test_records_in_another_encoding_are_read_as_utf_8() -> None:
    records = RecordSplitter(b";").feed('1;é;€\n"2";"é\n";€\n'.encode("cp1252")).as_utf8("cp1252")

    assert parse_csv(records, names=NAMES, delimiter=";").select(NAMES).to_pylist() == [
        {"a": "1", "b": "é", "c": "€"},
        {"a": "2", "b": "é\n", "c": "€"},
    ]


def test_a_thousand_columns_are_as_good_as_three() -> None:
    names = [f"c{number}" for number in range(1000)]
    text = ",".join(names) + "\n" + ",".join(f'"{name}"' for name in names)

    table = parse_csv(split(text, ","), names=names, delimiter=",")

    assert table.column("_fault").null_count == 2
    assert table.select(names).to_pylist() == [{name: name for name in names}] * 2


def test_a_header_is_read_by_the_same_rules() -> None:
    assert parse_header('a,"b",c\r', delimiter=",") == ["a", "b", "c"]
    assert parse_header('"a,""b""",,""', delimiter=",") == ['a,"b"', "", ""]
    assert parse_header('a,b",c', delimiter=",") is None
