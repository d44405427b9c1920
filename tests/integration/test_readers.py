"""What people build on the warehouse outlives every publish, and who reads sees one release, in all tables."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from tests.integration.pipeline import VISIBLE, Pipeline


@pytest.fixture
def between(medium_staged: Pipeline, tmp_path: Path, clone_database: Callable[..., str]) -> Pipeline:
    """Small is published; medium is staged and about to be published."""
    return medium_staged.copy(tmp_path / "home", clone_database(template=medium_staged.database))


def publish(pipeline: Pipeline) -> None:
    pipeline.run("medium", stages=("quality_checks", "publish"))


def test_views_grants_indexes_and_comments_survive_a_publish(between: Pipeline) -> None:
    between.query("CREATE VIEW marts.big_sales AS SELECT sale_id, net_usd FROM core.fct_sale WHERE net_usd > 100")
    between.query("CREATE INDEX by_region ON core.fct_sale (region)")
    between.query("CREATE INDEX by_net ON marts.customer_value (net_usd)")
    between.query("GRANT SELECT ON ALL TABLES IN SCHEMA core, marts TO pg_monitor")
    between.query("COMMENT ON TABLE marts.daily_sales IS 'ours'")
    before = between.query("SELECT oid, relfilenode, relacl FROM pg_class WHERE relname = 'daily_sales'")
    big_sales = between.query("SELECT COUNT(*) FROM marts.big_sales")

    publish(between)

    assert between.query("SELECT COUNT(*) FROM marts.big_sales") > big_sales
    assert between.query("SELECT oid, relfilenode, relacl FROM pg_class WHERE relname = 'daily_sales'") == before
    between.shows(
        """
        SELECT *, HAS_TABLE_PRIVILEGE('pg_monitor', 'core.fct_sale', 'SELECT') AS granted,
            OBJ_DESCRIPTION('marts.daily_sales'::regclass) AS comment,
            (SELECT COUNT(*) FROM pg_index WHERE NOT indisvalid) AS broken_indexes
        FROM pg_indexes WHERE indexname IN ('by_region', 'by_net') ORDER BY indexname
        """,
        """
        indexname | granted | comment | broken_indexes
        by_net    | true    | ours    | 0
        by_region | true    | ours    | 0
        """,
    )
    # Every month has its part of the index, those that came with this release too.
    between.shows(
        "SELECT (SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'core.fct_sale'::regclass) "
        "- (SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'core.by_region'::regclass) AS missing",
        "missing\n0",
    )


def test_a_reader_sees_the_old_release_or_the_new_one_in_all_tables(between: Pipeline) -> None:
    with closing(psycopg2.connect(between.dsn)) as reader:
        reader.set_session(isolation_level="REPEATABLE READ", readonly=True)
        old = counts(reader)

        publish(between)

        assert counts(reader) == old
        reader.rollback()
        new = counts(reader)
    assert new == {table: rows for table, (rows, _) in between.contents().items()}
    assert all(new[table] > old[table] for table in VISIBLE if table not in {"core.dim_date", "marts.category_sales"})


def counts(connection: Connection) -> dict[str, int]:
    count = sql.SQL("SELECT COUNT(*) FROM {}")
    with connection.cursor() as cursor:
        found = {}
        for table in VISIBLE:
            cursor.execute(count.format(sql.Identifier(*table.split("."))))
            found[table] = cursor.fetchall()[0][0]
        return found


def test_a_table_that_somebody_reads_for_long_is_published_to_all_the_same(between: Pipeline) -> None:
    """Attaching the partition of a new month waits for no reader: nothing here takes away what one holds."""
    with closing(psycopg2.connect(between.dsn)) as reader, reader.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM core.fct_sale")
        publish(between)

    between.shows("SELECT MAX(release) AS release FROM audit.releases", "release\n2")
