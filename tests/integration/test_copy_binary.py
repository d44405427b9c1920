"""COPY's binary format: every value of every type arrives as it was, or is refused with its column named."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.errors import LoadFailed
from batch_etl.stores.copy_binary import as_copy_binary
from batch_etl.stores.difference import read_table

Send = Callable[[str, pa.Array], list[Any]]

HOSTILE = [
    *("\t", "\n", "\r", "\r\n", "\\", "\\\\", "\\t", "\\N", "\\.", "\n\\.\n", "\\", "a\tb\\nc"),
    *(
        "",
        " ",
        "NULL",
        "null",
        "''",
        '"',
        '""',
        ",",
        ";",
        "🎁",
        "Zoë",
        "e\u0301",
        "\u202e",
        "\x01\x7f",
        "\ufeff",
        "\u2028",
    ),
    None,
]


@pytest.fixture(scope="module")
def send(postgres_server: str) -> Iterator[Send]:
    """Send values of a column through as_copy_binary and a real COPY, between two others, and read them again."""
    connection = psycopg2.connect(postgres_server, options="-c timezone=UTC")
    with connection.cursor() as cursor:

        def through(kind: str, values: pa.Array) -> list[Any]:
            cursor.execute(f"CREATE TEMP TABLE told (value {kind}, place integer, again {kind})")
            table = read_table(cursor, "told")
            places = pa.array(range(len(values)), pa.int32())
            # A slice begins in the midst of its memory.
            twice = [pa.record_batch([values, places, values], names=list(table.columns))] * 2
            rows = pa.concat_batches(twice).slice(len(values))
            cursor.copy_expert("COPY told FROM STDIN (FORMAT binary)", BytesIO(as_copy_binary(rows, table)))
            cursor.execute("SELECT value, again FROM told ORDER BY place")
            told = cursor.fetchall()
            assert all(value == again for value, again in told)
            return [value for value, _ in told]

        def send(kind: str, values: pa.Array) -> list[Any]:
            try:
                return through(kind, values)
            finally:
                connection.rollback()

        yield send
    connection.close()


def test_hostile_text_arrives_to_the_letter(send: Send) -> None:
    assert send("text", pa.array(HOSTILE)) == HOSTILE


# A NUL is refused when a file lands: PostgreSQL has no such text.
TEXTS = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0"))
KINDS = {
    "text": (pa.string(), TEXTS),
    "varchar(2000)": (pa.large_string(), TEXTS),
    "boolean": (pa.bool_(), st.booleans()),
    "smallint": (pa.int64(), st.integers(-(2**15), 2**15 - 1)),
    "integer": (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
    "bigint": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "double precision": (pa.float64(), st.floats(allow_nan=False)),
    "date": (pa.date32(), st.dates()),
    "timestamptz": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
}


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_every_value_arrives_as_it_was(send: Send, kind: str, data: st.DataObject) -> None:
    arrow, values = KINDS[kind]
    drawn = data.draw(st.lists(st.none() | values, min_size=1))

    assert send(kind, pa.array(drawn, arrow)) == drawn


@given(data=st.data())
def test_every_decimal_arrives_to_the_last_digit(send: Send, data: st.DataObject) -> None:
    digits = data.draw(st.integers(1, 38))
    scale = data.draw(st.integers(0, digits))
    size = 10**digits - 1
    # Small ones beside large ones, so that both have the same number of groups.
    unscaled = st.integers(-size, size) | st.integers(-min(size, 10_001), min(size, 10_001))
    drawn = data.draw(st.lists(st.none() | unscaled, min_size=1))
    values = [None if number is None else Decimal(f"{number}e-{scale}") for number in drawn]

    sent = send(f"numeric({digits}, {scale})", pa.array(values, pa.decimal128(digits, scale)))

    assert sent == values
    assert {value.as_tuple().exponent for value in sent if value is not None} <= {-scale}


def test_numbers_at_the_edge_of_64_bits_are_decimals_too(send: Send) -> None:
    edges = [Decimal(number) for number in (-(2**63), 2**63 - 1, 2**63, 2**64 - 1, 2**64, -(2**64) - 1)]

    assert send("numeric", pa.array(edges, pa.decimal128(38, 0))) == edges
    assert send("numeric", pa.array([-(2**63), 2**63 - 1, None])) == [*edges[:2], None]


@pytest.mark.parametrize("scale", range(14, 20))
def test_the_largest_numbers_of_64_bits_arrive_at_every_scale(send: Send, scale: int) -> None:
    values = [Decimal(f"{number}e-{scale}") for number in (2**63 - 1, 1 - 2**63, 10**scale - 1 if scale < 19 else 1)]

    assert send(f"numeric(38, {scale})", pa.array(values, pa.decimal128(38, scale))) == values


def test_decimals_of_another_scale_are_rounded_as_postgres_does(send: Send) -> None:
    values = pa.array([Decimal("0.005"), Decimal("-0.005"), Decimal("9.994")], pa.decimal128(10, 3))

    assert send("numeric(10, 2)", values) == [Decimal("0.01"), Decimal("-0.01"), Decimal("9.99")]


def test_documents_arrive(send: Send) -> None:
    documents = pa.array(['{"a": ["é", 1]}', None, "[]"])

    assert send("jsonb", documents) == send("json", documents) == [{"a": ["é", 1]}, None, []]


def test_a_day_is_a_moment_too(send: Send) -> None:
    assert send("timestamptz", pa.array([date(2025, 1, 31)])) == [datetime(2025, 1, 31, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("kind", "values", "complaint"),
    [
        ("smallint", pa.array([1, 2**15]), "told.value is smallint, the mart has int64: .*32768"),
        ("bigint", pa.array(["1", "x"]), "told.value is bigint, the mart has string: .*'x'"),
        ("numeric(5, 2)", pa.array([0.1]), "told.value is numeric, the mart has double: CAST it AS DECIMAL"),
        ("uuid", pa.array(["x"]), "told.value is uuid, the mart has string: a table is loaded with text, "),
    ],
)
def test_what_a_column_cannot_hold_is_refused(send: Send, kind: str, values: pa.Array, complaint: str) -> None:
    with pytest.raises(LoadFailed, match=complaint):
        send(kind, values)


def test_no_row_is_no_row(send: Send) -> None:
    assert send("text", pa.array([], pa.string())) == send("numeric", pa.array([], pa.decimal128(5, 2))) == []
