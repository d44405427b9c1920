"""COPY into staging: a month arrives as a partition, and no try leaves a row twice."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg2
import pyarrow as pa
import pytest
from psycopg2 import sql
from pyarrow import parquet
from pyspark.sql import DataFrame, SparkSession

from batch_etl import claim
from batch_etl.stores.attempts import run_attempts
from batch_etl.stores.difference import Table, read_table
from batch_etl.stores.loads import Load, StagedPart
from batch_etl.stores.mart import Manifest
from batch_etl.stores.part_copy import Part, parts_of, stage_parts
from batch_etl.stores.staging import open_staging

Query = Callable[..., list[tuple]]
MART = Manifest("fingerprint", {}, {"core.numbers": 0})


def test_every_type_of_the_warehouse_arrives_as_spark_wrote_it(
    table: Callable[..., DataFrame], warehouse_dsn: str, query: Query, tmp_path: Path
) -> None:
    types = {"n": "bigint", "q": "int", "usd": "decimal(18,2)", "rate": "decimal(5,4)"}
    types |= {"d": "date", "t": "timestamp", "k": "int", "s": "string"}
    query(
        "CREATE TABLE core.kinds "
        "(n bigint, q int, usd numeric(18,2), rate numeric(5,4), d date, t timestamptz, k int PRIMARY KEY, s text, "
        "b boolean)"
    )
    drawn = table(
        """
        n                    | q  | usd                 | rate   | d          | t                           | k | s
        -9223372036854775808 | 0  | -0.01               | 0.0000 | 1900-01-01 | 1900-01-01T00:00:00.000001Z | 1 | ""
        9223372036854775807  | -1 | 1234567890123456.78 | 0.0001 | 9999-12-31 | 9999-12-31T00:00:00Z        | 2 | x
                             |    |                     |        |            |                             | 3 |
        """,
        **types,
    )
    drawn = drawn.withColumn("b", drawn["q"] < 0)
    drawn.coalesce(1).write.parquet(str(tmp_path / "core.kinds"))

    (part,) = stage(warehouse_dsn, parts_of(look_up(warehouse_dsn, "core.kinds"), tmp_path / "core.kinds"))

    usd, rate = (Decimal("-0.01"), Decimal("1234567890123456.78")), (Decimal("0.0000"), Decimal("0.0001"))
    first, last = datetime(1900, 1, 1, 0, 0, 0, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    assert (part.rows, part.sums) == (3, {})
    assert query(sql.SQL("SELECT * FROM {} ORDER BY k").format(part.identifier)) == [
        (-(2**63), 0, usd[0], rate[0], first.date(), first, 1, "", False),
        (2**63 - 1, -1, usd[1], rate[1], last.date(), last, 2, "x", True),
        (*(None,) * 6, 3, None, None),
    ]


@pytest.fixture
def numbers(query: Query, warehouse_dsn: str) -> Table:
    """A table of months with a check, and an index and a unique one that somebody made by hand."""
    query(
        "CREATE TABLE core.numbers (n int, day date, price_usd numeric(12, 2), CHECK (n < 100), PRIMARY KEY (n, day))"
        " PARTITION BY RANGE (day)"
    )
    query('CREATE INDEX "by hand" ON core.numbers (price_usd) WHERE price_usd > 0')
    query("CREATE UNIQUE INDEX ON core.numbers (day, price_usd)")
    return look_up(warehouse_dsn, "core.numbers")


def look_up(dsn: str, name: str) -> Table:
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        return read_table(cursor, name)


def write_month(folder: Path, month: str, rows: list[tuple[int, date, Decimal | None]]) -> None:
    """A month of core.numbers in a mart."""
    place = folder / f"month={month}"
    place.mkdir(parents=True, exist_ok=True)
    kinds = (("n", pa.int32()), ("day", pa.date32()), ("price_usd", pa.decimal128(12, 2)))
    columns = {name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds)}
    parquet.write_table(pa.table(columns), place / f"{len(list(place.iterdir()))}.parquet")


def stage(dsn: str, parts: list[Part], *, token: int = 1) -> list[StagedPart]:
    return stage_parts(parts, Path(), dsn=dsn, who="test", token=token)


def show(dsn: str, parts: list[StagedPart]) -> None:
    """What the driver does with the parts that count."""
    with closing(psycopg2.connect(dsn)) as connection:
        token = claim.claim(connection, "r1")
        with connection, connection.cursor() as cursor:
            open_staging(cursor, token, ["core.numbers"])
        claim.mark_loaded(connection, "r1", token, Load(MART, tuple(parts)))


def staging_tables(query: Query) -> list[str]:
    return [name for (name,) in query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging' ORDER BY 1")]


def test_a_month_is_staged_as_the_partition_that_it_may_become(
    numbers: Table, warehouse_dsn: str, query: Query, tmp_path: Path
) -> None:
    write_month(tmp_path, "2024-12", [(1, date(2024, 12, 1), Decimal("0.05"))])
    write_month(tmp_path, "2024-12", [(2, date(2024, 12, 31), None), (3, date(2024, 12, 31), Decimal("-2.00"))])

    (part,) = stage(warehouse_dsn, parts_of(numbers, tmp_path))

    assert (part.table, part.month, part.rows, part.sums) == ("core.numbers", "2024-12", 3, {"price_usd": "-1.95"})
    statement = """
        SELECT REGEXP_REPLACE(PG_GET_INDEXDEF(indexrelid), '^.* USING ', ''), indisprimary, indisunique
        FROM pg_index INNER JOIN pg_class ON pg_class.oid = indrelid WHERE relname = %s ORDER BY 1
        """
    assert query(statement, part.name) == [
        ("btree (day, price_usd)", False, True),
        ("btree (n, day)", True, True),
        ("btree (price_usd) WHERE (price_usd > (0)::numeric)", False, False),
    ]
    attach = "ALTER TABLE core.numbers ATTACH PARTITION {} FOR VALUES FROM ('2024-12-01') TO ('2025-01-01')"
    query(sql.SQL(attach).format(part.identifier))
    assert query("SELECT n, price_usd FROM core.numbers ORDER BY n") == [
        (1, Decimal("0.05")),
        (2, None),
        (3, Decimal(-2)),
    ]


UNFIT = {
    "month_bounds": [(1, date(2025, 1, 1), None)],
    "pkey": [(1, date(2024, 12, 1), None), (1, date(2024, 12, 1), None)],
    "numbers_n_check": [(100, date(2024, 12, 1), None)],
}


@pytest.mark.parametrize("complaint", UNFIT)
def test_a_month_that_could_be_no_partition_is_not_staged(
    numbers: Table, warehouse_dsn: str, query: Query, tmp_path: Path, complaint: str
) -> None:
    write_month(tmp_path, "2024-12", UNFIT[complaint])

    with pytest.raises(psycopg2.IntegrityError, match=complaint):
        stage(warehouse_dsn, parts_of(numbers, tmp_path))

    assert staging_tables(query) == []


def test_of_a_part_that_was_staged_twice_one_counts(
    numbers: Table, warehouse_dsn: str, query: Query, tmp_path: Path
) -> None:
    write_month(tmp_path, "2025-01", [(1, date(2025, 1, 1), None), (2, date(2025, 1, 31), None)])
    write_month(tmp_path, "2025-02", [(3, date(2025, 2, 1), None)])
    query("SELECT SETVAL('audit.token', 1, FALSE)")
    parts = parts_of(numbers, tmp_path)

    stage(warehouse_dsn, parts[:1])
    counted = stage(warehouse_dsn, parts)
    show(warehouse_dsn, counted)

    assert query("SELECT n FROM staging.numbers_t1 ORDER BY n") == [(1,), (2,), (3,)]
    assert len(staging_tables(query)) == 4
    # A straggler of the attempt may come later still: the next claim clears it with the rest.
    stage(warehouse_dsn, parts[:1])
    with closing(psycopg2.connect(warehouse_dsn)) as connection:
        claim.claim(connection, "r1")
    assert staging_tables(query) == []


def test_a_task_that_dies_after_its_commit_is_done_again_and_its_rows_are_there_once(
    spark: SparkSession, numbers: Table, warehouse_dsn: str, query: Query, tmp_path: Path
) -> None:
    write_month(tmp_path / "mart", "2025-01", [(1, date(2025, 1, 1), None)])
    # A task that speculation has twice: both of them commit.
    task = parts_of(numbers, tmp_path / "mart")

    def twice(parts: list[Part], folder: Path) -> list[StagedPart]:
        stage_parts(parts, folder, dsn=warehouse_dsn, who="test", token=1)
        return stage_parts(parts, folder, dsn=warehouse_dsn, who="test", token=1)

    ((_, counted),) = run_attempts(spark, tmp_path / "scratch", [task], twice)
    show(warehouse_dsn, counted)

    assert query("SELECT n FROM staging.numbers_t1") == [(1,)]
