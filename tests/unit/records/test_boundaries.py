"""Where a record ends does not depend on how its bytes arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.records.boundaries import RecordSplitter, RecordTooLong


def split(text: bytes, *, delimiter: str | None = ",", chunks: tuple[int, ...] = ()) -> list[bytes]:
    """Records of a text that arrives in chunks of these sizes, the rest at once."""
    splitter = RecordSplitter(delimiter)
    records: list[bytes] = []
    for size in chunks:
        records += splitter.feed(text[:size])
        text = text[size:]
    return records + splitter.feed(text) + splitter.finish()


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (b"", []),
        (b"a,b\nc,d\n", [b"a,b", b"c,d"]),
        (b"a,b\nc,d", [b"a,b", b"c,d"]),
        (b"a,b\r\nc,d\r\n", [b"a,b\r", b"c,d\r"]),
        (b"\n\na\n\r\n\nb\n\n", [b"a", b"b"]),
        (b" \n", [b" "]),
        (b'a,"b\nc"\nd\n', [b'a,"b\nc"', b"d"]),
        (b'a,"b\n\n\nc"\nd\n', [b'a,"b\n\n\nc"', b"d"]),
        (b'"a""\n""b"\nc\n', [b'"a""\n""b"', b"c"]),
        (b'"a","b\n1","c\n2"\nd\n', [b'"a","b\n1","c\n2"', b"d"]),
        (b'a"b,c\nd\n', [b'a"b,c', b"d"]),
        (b'a,b "x"\nc\n', [b'a,b "x"', b"c"]),
        (b'a,"b\nc\n', [b'a,"b\nc\n']),
        (b'"a"b,c\nd\n', [b'"a"b,c', b"d"]),
    ],
    ids=repr,
)
def test_a_line_end_ends_a_record_unless_it_is_quoted(text: bytes, records: list[bytes]) -> None:
    assert split(text) == records


def test_another_delimiter_decides_where_a_quote_opens_a_field() -> None:
    assert split(b'a;"b\nc"\n', delimiter=";") == [b'a;"b\nc"']
    assert split(b'a,"b\nc"\n', delimiter=";") == [b'a,"b', b'c"']


def test_without_delimiter_every_line_is_a_record() -> None:
    assert split(b'{"a": "\n{"b": 1}\n', delimiter=None) == [b'{"a": "', b'{"b": 1}']


HOSTILE = st.text(alphabet='a",\r\n;é', max_size=40).map(str.encode)


@given(text=HOSTILE, chunks=st.lists(st.integers(0, 7), max_size=12).map(tuple), delimiter=st.sampled_from([",", None]))
def test_every_chunking_gives_the_same_records(text: bytes, chunks: tuple[int, ...], delimiter: str | None) -> None:
    assert split(text, delimiter=delimiter, chunks=chunks) == split(text, delimiter=delimiter)


@given(text=HOSTILE)
def test_records_hold_every_byte_but_line_ends(text: bytes) -> None:
    records = b"\n".join(split(text))

    assert [byte for byte in records if byte not in b"\r\n"] == [byte for byte in text if byte not in b"\r\n"]


@given(text=HOSTILE, at=st.integers(0, 40))
def test_a_reader_may_start_again_where_the_last_record_ended(text: bytes, at: int) -> None:
    splitter = RecordSplitter(",")
    before = splitter.feed(text[:at])

    assert before + split(text[splitter.consumed :]) == split(text)


@given(text=HOSTILE, chunks=st.lists(st.integers(0, 7), max_size=12).map(tuple))
def test_every_chunking_finds_the_same_records_too_long(text: bytes, chunks: tuple[int, ...]) -> None:
    is_too_long = any(len(record) > 5 for record in split(text))

    splitter = RecordSplitter(",", max_record_bytes=5)
    try:
        for size in (*chunks, len(text)):
            splitter.feed(text[:size])
            text = text[size:]
        splitter.finish()
    except RecordTooLong:
        assert is_too_long
    else:
        assert not is_too_long


def test_a_quote_that_is_never_closed_is_found_before_it_fills_the_memory() -> None:
    splitter = RecordSplitter(",", max_record_bytes=1000)
    splitter.feed(b'"')
    with pytest.raises(RecordTooLong):
        for _ in range(1000):
            splitter.feed(b"never closed\n")
    assert splitter.consumed == 0
