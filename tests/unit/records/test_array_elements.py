"""The elements of a JSON array are records, however the array is written and however its bytes arrive."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.records.array_elements import ArraySplitter


def elements(inside: bytes, *, chunks: tuple[int, ...] = (), longest: int = 1 << 20) -> tuple[list[bytes], str | None]:
    """Elements of what stands behind the bracket, and what is wrong with the array."""
    splitter = ArraySplitter(longest)
    found: list[bytes] = []
    for size in chunks:
        found += splitter.feed(inside[:size])
        inside = inside[size:]
    return [*found, *splitter.feed(inside), *splitter.finish()], splitter.fault


@pytest.mark.parametrize(
    ("inside", "records"),
    [
        (b"]", []),
        (b" \n ] \n", []),
        (b'{"a": 1}, {"a": 2}]', [b'{"a": 1}', b'{"a": 2}']),
        (b'\n  {\n    "a": [1, {"b": 2}]\n  }\r\n,\t{}\n]\n', [b'{\n    "a": [1, {"b": 2}]\n  }', b"{}"]),
        (b'{"a": "],[{}"},{"a": "\\"]"},{"a": "\\\\"}]', [b'{"a": "],[{}"}', b'{"a": "\\"]"}', b'{"a": "\\\\"}']),
        (b'1, "x", null]', [b"1", b'"x"', b"null"]),
        (b"{}, {} x, {}]", [b"{}", b"{} x", b"{}"]),
        (b"{}, {}}, {}]", [b"{}", b"{}}", b"{}"]),
        (b"{}, , {}]", [b"{}", b"", b"{}"]),
        (b"{]}, {}]", [b"{]}", b"{}"]),
    ],
    ids=repr,
)
def test_an_element_is_a_record(inside: bytes, records: list[bytes]) -> None:
    assert elements(inside) == (records, None)


@pytest.mark.parametrize(
    ("inside", "fault"),
    [
        (b"", "is never closed"),
        (b"{}, {}", "is never closed"),
        (b'{"a": "b}, {}]', "is never closed"),
        (b"{}, {]", "is never closed"),
        (b"{}, ]", "ends with a comma"),
        (b"{}]]", "is followed by something else"),
        (b'{}]\n{"a": 1}', "is followed by something else"),
        (b'{"a": "' + b"x" * 30 + b'"}]', "holds a record that is longer than 20 bytes or never closed"),
    ],
    ids=repr,
)
def test_what_is_no_array_of_records_is_told(inside: bytes, fault: str) -> None:
    assert elements(inside, chunks=(1,) * 30, longest=20)[1] == fault


HOSTILE = st.text(alphabet='{}[],:"\\ \na1', max_size=40).map(str.encode)


@given(inside=HOSTILE, chunks=st.lists(st.integers(0, 7), max_size=12).map(tuple), longest=st.integers(1, 40))
def test_every_chunking_gives_the_same_elements(inside: bytes, chunks: tuple[int, ...], longest: int) -> None:
    assert elements(inside, chunks=chunks, longest=longest) == elements(inside, longest=longest)


@given(inside=HOSTILE, at=st.integers(0, 40))
def test_a_reader_may_start_again_where_the_last_element_ended(inside: bytes, at: int) -> None:
    splitter = ArraySplitter()
    before = [*splitter.feed(inside[:at])]

    is_over = splitter.fault != "is never closed"

    rest = [] if is_over else elements(inside[splitter.consumed :])[0]

    assert before + rest == elements(inside)[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(documents=st.lists(JSON, max_size=5), indent=st.sampled_from([None, 0, 2]))
def test_what_another_writer_wrote_is_read_as_it_was_meant(documents: list[object], indent: int | None) -> None:
    text = json.dumps(documents, indent=indent).encode()

    records, fault = elements(text[1:], chunks=(3, 5, 7))

    assert ([json.loads(record) for record in records], fault) == (documents, None)
