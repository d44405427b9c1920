"""Where a record ends does not depend on how its bytes arrive."""

from itertools import takewhile, zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.records.boundaries import MAX_UNCLOSED, NeverClosed, Records, RecordSplitter, count_lines


def split(
    text: bytes, *, delimiter: bytes | None = b",", chunks: tuple[int, ...] = (), longest: int = 1 << 20
) -> list[bytes]:
    """Records of a text that arrives in chunks of these sizes, the rest at once."""
    splitter = RecordSplitter(delimiter, max_record_bytes=longest)
    records: list[bytes] = []
    for size in chunks:
        records += splitter.feed(text[:size])
        text = text[size:]
    return [*records, *splitter.feed(text), *splitter.finish()]


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
        (b'a,"b\n"c,"d\n",e\n', [b'a,"b\n"c,"d\n",e']),
        (b'"a"b,c\nd\n', [b'"a"b,c', b"d"]),
    ],
    ids=repr,
)
def test_a_line_end_ends_a_record_unless_it_is_quoted(text: bytes, records: list[bytes]) -> None:
    assert split(text) == records


def test_another_delimiter_decides_where_a_quote_opens_a_field() -> None:
    assert split(b'a;"b\nc"\n', delimiter=b";") == [b'a;"b\nc"']
    assert split(b'a,"b\nc"\n', delimiter=b";") == [b'a,"b', b'c"']


def test_without_delimiter_every_line_is_a_record() -> None:
    assert split(b'{"a": "\n{"b": 1}\n', delimiter=None) == [b'{"a": "', b'{"b": 1}']


@pytest.mark.parametrize(
    ("text", "records"),
    [
        (b'a,"b\nc,d\n', [b'a,"b', b"c,d"]),
        (b'a,"b\nc,d', [b'a,"b', b"c,d"]),
        (b'a,"b\n\nc,d\n"e\n', [b'a,"b\n\nc,d\n"e']),
        (b'a,"""\nb,""\nc\n', [b'a,"""', b'b,""', b"c"]),
        (b'a","b\nc","d\ne\n', [b'a","b', b'c","d', b"e"]),
        (b'"', [b'"']),
    ],
    ids=repr,
)
def test_a_quote_that_is_never_closed_spoils_its_own_line(text: bytes, records: list[bytes]) -> None:
    assert split(text) == records


def test_a_quote_that_is_closed_too_late_is_not_closed() -> None:
    text = b'a,"b\nc\nd",e\nf\n'

    assert split(text, longest=11) == [b'a,"b\nc\nd",e', b"f"]
    assert split(text, longest=10) == [b'a,"b', b"c", b'd",e', b"f"]


def test_a_line_that_is_too_long_is_cut_to_what_is_allowed() -> None:
    text = b"a\n" + b"x" * 11 + b"\nb\n" + b"y" * 10 + b"\n"

    assert split(text, longest=10) == [b"a", b"x" * 10, b"b", b"y" * 10]
    assert split(text.replace(b"x", b"z" * 5), longest=10) == [b"a", b"z" * 10, b"b", b"y" * 10]


def test_a_line_that_is_too_long_does_not_fill_the_memory() -> None:
    splitter = RecordSplitter(b",", max_record_bytes=1000)
    splitter.feed(b'a\n"')
    for _ in range(100):
        assert not len(splitter.feed(b"never ending" * 100))
    assert (splitter.consumed, len(splitter._tail)) == (2, 1001)
    records = splitter.feed(b"\nb\n")
    assert list(records) == [b'"' + b"never ending" * 83 + b"nev", b"b"]
    assert records.cut == {0}


def test_quotes_that_are_not_closed_are_borne_until_they_are_too_many() -> None:
    splitter = RecordSplitter(b",", max_record_bytes=20)

    splitter.feed(b'1","a\n' * MAX_UNCLOSED + b'"' + b"too long" * 20 + b"\n")
    with pytest.raises(NeverClosed):
        splitter.feed(b'1","a\n' * 5)


HOSTILE = st.text(alphabet='a",\r\n;é', max_size=40).map(str.encode)
CHUNKS = st.lists(st.integers(0, 7), max_size=12).map(tuple)


@given(text=HOSTILE, chunks=CHUNKS, delimiter=st.sampled_from([b",", b";", None]), longest=st.integers(1, 40))
def test_every_chunking_gives_the_same_records(
    text: bytes, chunks: tuple[int, ...], delimiter: bytes | None, longest: int
) -> None:
    whole = split(text, delimiter=delimiter, longest=longest)

    assert split(text, delimiter=delimiter, chunks=chunks, longest=longest) == whole


@given(text=HOSTILE)
def test_records_hold_every_byte_but_line_ends(text: bytes) -> None:
    records = b"\n".join(split(text))

    assert [byte for byte in records if byte not in b"\r\n"] == [byte for byte in text if byte not in b"\r\n"]


@given(text=HOSTILE, at=st.integers(0, 40), longest=st.integers(1, 40))
def test_a_reader_may_start_again_where_the_last_record_ended(text: bytes, at: int, longest: int) -> None:
    splitter = RecordSplitter(b",", max_record_bytes=longest)
    before = [*splitter.feed(text[:at])]

    assert before + split(text[splitter.consumed :], longest=longest) == split(text, longest=longest)


@given(text=HOSTILE, at=st.integers(0, 40), longest=st.integers(1, 40))
def test_a_reader_that_ends_where_a_record_ended_reads_the_same(text: bytes, at: int, longest: int) -> None:
    """The end of a split is no end of a file, but no quote is open across it."""
    splitter = RecordSplitter(b",", max_record_bytes=longest)
    before = [*splitter.feed(text[:at])]

    assert split(text[: splitter.consumed], longest=longest) == before


@given(text=HOSTILE, at=st.integers(0, 40))
def test_of_a_text_that_is_cut_only_the_last_record_is_another_one(text: bytes, at: int) -> None:
    """Where the cut leaves a quote open, the lines of that one record are read one by one."""
    whole, cut = split(text), split(text[:at])
    same = len([*takewhile(lambda pair: pair[0] == pair[1], zip(whole, cut, strict=False))])

    assert len(cut) - same <= 1 or b'"' in cut[same]
    lines = [line for record in whole[same : same + 1] for line in Records(record)]
    pieces = [line for record in cut[same:] for line in Records(record)]
    assert all(line.startswith(piece) for line, piece in zip_longest(lines[: len(pieces)], pieces, fillvalue=b""))


@given(lines=HOSTILE)
def test_counting_lines_is_splitting_them(lines: bytes) -> None:
    assert count_lines(lines) == len([*Records(lines)])


@given(text=HOSTILE)
def test_there_are_as_many_records_as_there_are(text: bytes) -> None:
    records = RecordSplitter(b",").feed(text + b"\n")

    assert len(records) == len([*records])
