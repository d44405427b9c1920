"""JSON by RFC 8259, strictly: what lenient parsers let pass is named."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.records.boundaries import TOO_LONG, Records, RecordSplitter
from batch_etl.records.json_records import parse_json

NAMES = ("id", "name", "pieces")
TEXTS = frozenset({"id", "name"})


def parsed(text: str) -> dict[str, object]:
    (row,) = parse_json(Records(others={0: text.encode()}), names=NAMES, text_names=TEXTS).to_pylist()
    assert row.pop("_raw") == text.removesuffix("\r")
    return row


def fault(text: str) -> object:
    row = parsed(text)
    assert row["_fault"] is None or [row[name] for name in NAMES] == [None] * 3
    return row["_fault"]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"id": "A", "name": "B", "pieces": 3}', ["A", "B", "3"]),
        ('{"pieces": 3, "name": "B", "id": "A"}', ["A", "B", "3"]),
        (' {"id":"A"}\t\r', ["A", None, None]),
        ('{"id": null, "name": "", "pieces": null}', [None, None, None]),
        ("{}", [None, None, None]),
        ('{"id": " A ", "name": "null"}', [" A ", "null", None]),
        (r'{"id": "a\tb\n\"\\", "name": "é\ud83c\udf81"}', ['a\tb\n"\\', "é🎁", None]),
        ('{"pieces": 1.10}', [None, None, "1.10"]),
        ('{"pieces": -0}', [None, None, "-0"]),
        ('{"pieces": 1e2}', [None, None, "1e2"]),
        ('{"pieces": 123456789012345678901234567890}', [None, None, "123456789012345678901234567890"]),
        ('{"pieces": "3"}', [None, None, "3"]),
        ('{"pieces": true}', [None, None, "true"]),
        ('{"pieces": [1]}', [None, None, "[1]"]),
        ('{"pieces": {"é\\"": [1.10, "1", null, true, {}]}}', [None, None, '{"é\\"": [1.10, "1", null, true, {}]}']),
    ],
)
def test_a_document_gives_its_values_as_they_are_written(text: str, fields: list[str | None]) -> None:
    row = parsed(text)

    assert [row[name] for name in NAMES] == fields
    assert (row["_fault"], row["_not_text"]) == (None, [])


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "null",
        "3",
        '"text"',
        "[]",
        '[{"id": "A"}]',
        "{",
        '{"id": "A"',
        '{"id": "A"} {"id": "B"}',
        '{"id": "A"},',
        '{"id": "A",}',
        "{'id': 'A'}",
        '{id: "A"}',
        '{"id": "A", "id": "A"}',
        '{"id": {"x": 1, "x": 2}}',
        '{"pieces": NaN}',
        '{"pieces": Infinity}',
        '{"pieces": -Infinity}',
        '{"pieces": 01}',
        '{"pieces": .5}',
        '{"pieces": +1}',
        '{"pieces": 0x1}',
        '{"pieces": True}',
        '{"id": "a\tb"}',
        r'{"id": "\x41"}',
        r'{"id": "\ud800"}',
        '\ufeff{"id": "A"}',
        '{"id": "A"} // comment',
        "[" * 100_000,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_not_one_json_object_is_named(text: str) -> None:
    assert fault(text) == "record: malformed JSON"


def nested(depth: int, inside: str = r'"\u0000"') -> str:
    """A document of so many levels, itself one of them."""
    return f'{{"id": {"[" * (depth - 1)}{inside}{"]" * (depth - 1)}}}'


@pytest.mark.parametrize("inside", [r'"\u0000"', "1", r'"\u00e9"'])
@pytest.mark.parametrize("depth", [101, 500, 600, 900, 5000])
def test_a_document_that_is_nested_too_deep_is_named(depth: int, inside: str) -> None:
    assert fault(nested(depth, inside)) == "record: malformed JSON"


def test_a_document_may_have_100_levels_and_any_number_of_brackets() -> None:
    brackets = f'"pieces": [{"[], " * 5000}{{}}], "name": "{"[" * 500}"'

    assert fault(nested(100)) == "record: NUL character"
    assert fault(f"{nested(100, '1')[:-1]}, {brackets}}}") is None
    assert fault(f"{nested(101, '1')[:-1]}, {brackets}}}") == "record: malformed JSON"


def test_a_field_that_no_contract_knows_is_named() -> None:
    assert fault('{"id": "A", "ID": "B", "colour": 1}') == "record: unknown field: ID"


@pytest.mark.parametrize(
    "text", [r'{"id": "a\u0000b"}', r'{"i\u0000d": "a"}', r'{"id": [{"a": "\u0000"}]}', r'{"id": [{"\u0000": 1}]}']
)
def test_a_nul_that_no_database_takes_is_named(text: str) -> None:
    assert fault(text) == "record: NUL character"


@pytest.mark.parametrize(
    ("text", "not_text"),
    [
        ('{"id": 1, "name": "B", "pieces": 1}', ["id"]),
        ('{"id": true, "name": 1.5}', ["id", "name"]),
        ('{"id": {}, "name": []}', ["id", "name"]),
        ('{"id": "1", "name": null}', []),
    ],
)
def test_values_that_should_be_strings_and_are_not_are_listed(text: str, not_text: list[str]) -> None:
    assert parsed(text)["_not_text"] == not_text


def test_no_record_is_an_empty_table_with_every_column() -> None:
    table = parse_json(Records(), names=NAMES, text_names=frozenset())

    assert (table.num_rows, table.column_names) == (0, [*NAMES, "_raw", "_fault", "_not_text", "_extra"])


def test_fields_that_no_contract_knows_can_be_kept() -> None:
    text = b'{"id": "A", "colour": "red", "size": {"cm": 1.10}}\n{"id": "B"}\n{"a": "\\u0000"}\n'
    records = RecordSplitter(None).feed(text)

    rows = parse_json(records, names=NAMES, text_names=TEXTS, keeps_unknown=True).to_pylist()

    assert [(row["id"], row["_fault"], row["_extra"]) for row in rows] == [
        ("A", None, '{"colour": "red", "size": {"cm": 1.10}}'),
        ("B", None, None),
        (None, "record: NUL character", None),
    ]


def test_a_record_that_was_cut_is_named_and_keeps_what_is_there_of_its_text() -> None:
    records = Records(b"{}\n", {1: '{"é'.encode()[:-1]}, frozenset({1}))

    whole, cut = parse_json(records, names=NAMES, text_names=TEXTS).to_pylist()

    assert whole["_fault"] is None
    assert cut == dict.fromkeys(NAMES) | {"_raw": '{"', "_fault": TOO_LONG, "_not_text": [], "_extra": None}


@given(text=st.text(max_size=30) | st.text(alphabet='{}[]":,\\u0d8eE+-.1 ntf', max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    named = fault(text)

    assert named in {None, "record: malformed JSON", "record: NUL character"} or "unknown field" in str(named)
