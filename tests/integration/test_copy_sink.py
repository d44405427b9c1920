"""COPY into staging: hostile text arrives to the letter, and only what Spark reports as done stays."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import psycopg2
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from batch_etl import claim
from batch_etl.stores.copy_sink import PostgresCopy, _CopyWriter, as_copy_text

Query = Callable[..., list[tuple]]

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
def texts(postgres_server: str) -> Iterator[Callable[[list[str | None]], list[str | None]]]:
    """Send texts through as_copy_text and a real COPY into a table, and read them again."""
    connection = psycopg2.connect(postgres_server)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE texts (place int, before text, value text)")

        def send(values: list[str | None]) -> list[str | None]:
            cursor.execute("DELETE FROM texts")
            batch = pa.record_batch(
                [
                    pa.array(range(len(values)), pa.int32()),
                    pa.array(values, pa.string()),
                    pa.array(values, pa.string()),
                ],
                names=["place", "before", "value"],
            )
            cursor.copy_expert("COPY texts FROM STDIN", BytesIO(as_copy_text(batch)))
            cursor.execute("SELECT before, value FROM texts ORDER BY place")
            rows = cursor.fetchall()
            assert [before for before, _ in rows] == [value for _, value in rows]
            return [value for _, value in rows]

        yield send
    connection.close()


def test_hostile_text_arrives_to_the_letter(texts: Callable[[list[str | None]], list[str | None]]) -> None:
    assert texts(HOSTILE) == HOSTILE


# A NUL is refused when a file lands: PostgreSQL has no such text.
@given(st.lists(st.none() | st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
def test_every_text_arrives_to_the_letter(
    texts: Callable[[list[str | None]], list[str | None]], values: list[str | None]
) -> None:
    assert texts(values) == values


def test_every_type_of_the_warehouse_arrives_as_it_was(
    table: Callable[..., DataFrame], warehouse_dsn: str, query: Query
) -> None:
    types = {"n": "bigint", "q": "int", "usd": "decimal(18,2)", "rate": "decimal(5,4)"}
    types |= {"d": "date", "t": "timestamp", "b": "boolean", "s": "string"}
    query(
        "CREATE TABLE staging.kinds_t1 "
        "(n bigint, q int, usd numeric(18,2), rate numeric(5,4), d date, t timestamptz, b boolean, s text)"
    )

    copy(
        table(
            """
            n                    | q  | usd                 | rate   | d          | t                    | b     | s
            -9223372036854775808 | 0  | -0.01               | 0.0000 | 1900-01-01 | 1900-01-01T00:00:00Z | false | ""
            9223372036854775807  | -1 | 1234567890123456.78 | 0.0001 | 9999-12-31 | 9999-12-31T00:00:00Z | true  | x
                                 |    |                     |        |            |                      |       |
            """,
            **types,
        ),
        warehouse_dsn,
        "kinds_t1",
    )

    usd, rate = (Decimal("-0.01"), Decimal("1234567890123456.78")), (Decimal("0.0000"), Decimal("0.0001"))
    first, last = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert query("SELECT * FROM staging.kinds_t1 ORDER BY n") == [
        (-(2**63), 0, usd[0], rate[0], first.date(), first, False, ""),
        (2**63 - 1, -1, usd[1], rate[1], last.date(), last, True, "x"),
        (None,) * 8,
    ]


def copy(rows: DataFrame, dsn: str, staging_table: str) -> None:
    rows.sparkSession.dataSource.register(PostgresCopy)
    writer = rows.write.format(PostgresCopy.name()).option("secret_dsn", dsn).option("table", staging_table)
    writer.mode("append").save()


def test_a_job_that_fails_leaves_no_row(spark: SparkSession, warehouse_dsn: str, query: Query) -> None:
    """The first part is written and committed by its task before the second one fails."""
    query("CREATE TABLE staging.numbers_t1 (n bigint)")
    numbers = spark.range(0, 100, 1, 2).selectExpr("IF(id = 99, raise_error('planted'), id) AS n")

    with pytest.raises(PySparkException, match="planted"):
        copy(numbers, warehouse_dsn, "numbers_t1")

    assert query("SELECT COUNT(*) FROM staging.numbers_t1") == [(0,)]
    assert query("SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'staging.numbers_t1'::regclass") == [(0,)]
    # The next attempt, with a higher token, clears what the failed one left.
    query("SELECT SETVAL('audit.token', 1)")
    with closing(psycopg2.connect(warehouse_dsn)) as connection:
        claim.claim(connection, "r1")
    assert query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def test_a_task_that_ran_twice_leaves_its_rows_once(warehouse_dsn: str, query: Query) -> None:
    query("CREATE TABLE staging.numbers_t1 (n bigint)")
    writer = _CopyWriter(warehouse_dsn, "numbers_t1", ["n"])

    def part() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1, 2])], names=["n"])
        yield pa.record_batch([pa.array([], pa.int64())], names=["n"])
        yield pa.record_batch([pa.array([3])], names=["n"])

    first, second = writer.write(part()), writer.write(part())
    assert query("SELECT COUNT(*) FROM staging.numbers_t1") == [(0,)]
    writer.commit([None, second])
    writer.abort([None, first])

    assert query("SELECT n FROM staging.numbers_t1 ORDER BY n") == [(1,), (2,), (3,)]
    assert query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging' ORDER BY 1") == [
        ("numbers_t1",),
        (second.name,),
    ]


def test_an_attempt_that_breaks_off_leaves_nothing(warehouse_dsn: str, query: Query) -> None:
    query("CREATE TABLE staging.numbers_t1 (n bigint)")

    def part() -> Iterator[pa.RecordBatch]:
        yield pa.record_batch([pa.array([1, 2])], names=["n"])
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        _CopyWriter(warehouse_dsn, "numbers_t1", ["n"]).write(part())

    assert query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == [("numbers_t1",)]
