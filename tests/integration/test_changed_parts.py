"""Only what differs from what readers see is loaded and merged, and the result is that of everything."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from batch_etl import restore
from batch_etl.errors import Superseded
from batch_etl.plan import plan_publish
from tests.integration.drawn_mart import TABLES, draw_mart, load_unaudited, write_mart, write_month
from tests.integration.drawn_release import LIMITS
from tests.integration.pipeline import Pipeline

FEW = {"customers": 50, "products": 10}
ALL_MONTHS = {f"2025-{month:02}" for month in range(1, 13)}


def publish(pipeline: Pipeline, run_key: str, draw: Callable[[Path], None], *, is_full: bool = False) -> set[str]:
    """Load and publish a mart; returns the parts that were staged: months of sales, and other tables."""
    draw_mart(pipeline, run_key, draw)
    load_unaudited(pipeline, run_key, is_full=is_full)
    pipeline.run(run_key, stages=["publish"])
    return pipeline.staged(run_key)


def whole(folder: Path) -> None:
    write_mart(folder, 240, **FEW)


def more_in(*months: str) -> Callable[[Path], None]:
    def draw(folder: Path) -> None:
        whole(folder)
        for month in months:
            write_month(folder, month, 5, **FEW, only_day=28)

    return draw


def without(month: str) -> Callable[[Path], None]:
    def draw(folder: Path) -> None:
        whole(folder)
        shutil.rmtree(folder / f"core.fct_sale/month={month}")

    return draw


def without_sales(folder: Path) -> None:
    whole(folder)
    for month in ALL_MONTHS:
        shutil.rmtree(folder / f"core.fct_sale/month={month}")


@pytest.fixture
def published(pipeline: Pipeline) -> Pipeline:
    assert publish(pipeline, "r1", whole) == {*ALL_MONTHS, *TABLES} - {"core.fct_sale"}
    return pipeline


def test_a_load_stages_the_months_that_differ_and_the_release_is_that_of_the_whole(published: Pipeline) -> None:
    before = published.row_versions(TABLES)

    assert publish(published, "r2", more_in("2025-02")) == {"2025-02"}

    published.shows("SELECT COUNT(*) AS sales FROM core.fct_sale", "sales\n245")
    after = published.row_versions(TABLES)
    assert set(before["core.fct_sale"]) < set(after["core.fct_sale"])
    assert all(before[table] == after[table] for table in TABLES[:3])
    assert publish(published, "r3", more_in("2025-02"), is_full=True) >= ALL_MONTHS
    assert published.row_versions(TABLES) == after


def test_a_month_that_vanishes_is_deleted_and_one_that_comes_is_added(pipeline: Pipeline) -> None:
    assert publish(pipeline, "r1", without("2025-07")) >= ALL_MONTHS - {"2025-07"}

    assert publish(pipeline, "r2", without("2025-08")) == {"2025-07"}

    pipeline.shows(
        "SELECT * FROM audit.release_changes WHERE release = 2 AND table_name = 'core.fct_sale'",
        "rows_inserted | rows_updated | rows_deleted\n20 | 0 | 20",
    )
    content = pipeline.contents(TABLES)
    publish(pipeline, "r3", without("2025-08"), is_full=True)
    assert pipeline.contents(TABLES) == content


def test_sales_that_all_vanish_are_all_deleted(published: Pipeline) -> None:
    draw_mart(published, "r2", without_sales)
    load_unaudited(published, "r2")
    with closing(psycopg2.connect(published.dsn)) as connection:
        assert "core.fct_sale: +0 ~0 -240" in str(plan_publish(connection))

    published.run("r2", stages=["publish"])

    assert published.staged("r2") == set()
    published.shows("SELECT COUNT(*) AS sales FROM core.fct_sale", "sales\n0")


def test_after_a_restore_what_it_put_back_is_not_taken_for_what_came_after(published: Pipeline) -> None:
    publish(published, "r2", more_in("2025-02"))
    with closing(psycopg2.connect(published.dsn)) as connection:
        restore.restore(connection, 1, run_key="restore", limits=LIMITS)
        # Published again, the batch of r2 is no news.
        restore.resume(connection)

    assert publish(published, "r3", more_in("2025-02", "2025-03")) == {"2025-02", "2025-03"}

    published.shows("SELECT COUNT(*) AS sales FROM core.fct_sale", "sales\n250")
    content = published.contents(TABLES)
    publish(published, "r4", more_in("2025-02", "2025-03"), is_full=True)
    assert published.contents(TABLES) == content


def test_a_retry_stages_the_same_again_and_nothing_doubles(published: Pipeline) -> None:
    draw_mart(published, "r2", more_in("2025-02"))
    load_unaudited(published, "r2")
    load_unaudited(published, "r2")

    published.run("r2", stages=["publish"])

    assert published.staged("r2") == {"2025-02"}
    published.shows("SELECT COUNT(*) AS sales FROM core.fct_sale", "sales\n245")
    assert published.query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def test_a_load_that_left_something_out_is_not_published_over_another_release(published: Pipeline) -> None:
    draw_mart(published, "r2", more_in("2025-02"))
    load_unaudited(published, "r2")
    published.query(
        "UPDATE audit.runs SET load_manifest = JSONB_SET(load_manifest, '{since}', '7') WHERE run_key = 'r2'"
    )

    with pytest.raises(Superseded, match="release 1 came after it had left out what release 7 holds"):
        published.run("r2", stages=["publish"])
