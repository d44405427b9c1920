"""What the summary tells of a run is of the run's own release, also when it is told later."""

from collections.abc import Callable
from pathlib import Path

import pytest

from batch_etl.recompute import Recompute
from batch_etl.report.html import render_html
from batch_etl.report.text import render_text
from batch_etl.restore import restore
from batch_etl.stores import warehouse
from batch_etl.summary import Summary, read_summary
from tests.integration.conftest import SALES
from tests.integration.pipeline import AFTER_LOADING, STAGES, Pipeline
from tests.unit.report.page import Page

HEADER = SALES.splitlines()[0]
UP_TO_PUBLISH = STAGES[: STAGES.index("publish") + 1]
SUMMARISED = "SELECT run_key, release, outcome, sales, net_usd FROM marts.daily_summary ORDER BY run_key"


def put(pipeline: Pipeline, name: str, *sale_ids: str) -> None:
    """Write a file of sales of five dollars each."""
    sales = [f"{sale_id},C0000001,P000001,1,5.00,0,2025-02-12T00:00:00Z,north,card" for sale_id in sale_ids]
    (pipeline.raw / name).write_text("\n".join([HEADER, *sales, ""]), encoding="utf-8")


def told(pipeline: Pipeline, run_key: str) -> Summary:
    with warehouse.connect(pipeline.dsn, application_name="test") as connection:
        return read_summary(connection, run_key, pipeline.settings)


def verdict(pipeline: Pipeline, run_key: str) -> str:
    return render_text(told(pipeline, run_key)).splitlines()[0]


def go_back(pipeline: Pipeline, release: int) -> None:
    with warehouse.connect(pipeline.dsn, application_name="test") as connection:
        restore(connection, release, run_key=f"restore_{release}", limits=pipeline.settings.config.releases)


def test_a_run_names_its_own_release_and_the_one_that_stands_now(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    put(loaded, "sales_2.csv", "S00000010")
    loaded.run("r2")

    assert verdict(loaded, "r1") == "Run r1: published as release 1; release 2 stands now"
    assert verdict(loaded, "r2") == "Run r2: published as release 2"
    assert "Warehouse at release 1: 5 sales, 57.15 USD net" in render_text(told(loaded, "r1"))
    page = render_html(told(loaded, "r1"))
    assert "Of release 2, which readers see now." in page
    assert "Sales in the warehouse at release 1" in page


def test_a_summary_that_is_written_again_after_another_release_keeps_what_its_own_one_held(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    put(loaded, "sales_2.csv", "S00000010", "S00000011")
    loaded.run("r2")
    expected = """
        run_key | release | outcome   | sales | net_usd
        r1      | 1       | published | 5     | 57.15
        r2      | 2       | published | 7     | 67.15
        """
    loaded.shows(SUMMARISED, expected)

    loaded.run("r1", stages=["daily_summary"])

    loaded.shows(SUMMARISED, expected)
    # What somebody did by hand meanwhile is no release's.
    loaded.query("UPDATE audit.release_changes SET rows_inserted = 0, sums = '{}'")
    loaded.run("r1", stages=["daily_summary"])
    loaded.shows(SUMMARISED, expected)


def test_an_old_run_that_is_summarised_again_stays_in_its_place_among_the_runs(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.run("r2")
    loaded.run("r1", stages=["daily_summary"])

    index = Page.read((loaded.home / "data/processed/reports/index.html").read_text(encoding="utf-8"))
    assert [row[0] for row in index.rows("runs")] == ["r2", "r1"]
    before = {run_key: [run["run_key"] for run in told(loaded, run_key).history] for run_key in ("r1", "r2")}
    assert before == {"r1": [], "r2": ["r1"]}
    trend = (loaded.home / "sql/page/trend.sql").read_text(encoding="utf-8") % {"how_many": 2}
    assert [run_key for run_key, *_ in loaded.query(trend)] == ["r1", "r2"]


@pytest.mark.parametrize("is_restored", [True, False])
def test_a_summary_that_comes_after_the_next_release_tells_what_its_own_one_held(
    loaded: Pipeline,
    is_restored: bool,
) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    put(loaded, "sales_2.csv", "S00000010", "S00000011")
    loaded.run("r2", stages=UP_TO_PUBLISH)
    if is_restored:
        go_back(loaded, 1)
    else:
        put(loaded, "sales_3.csv", "S00000012")
        loaded.run("r3", stages=UP_TO_PUBLISH)

    loaded.run("r2", stages=["daily_summary"])

    loaded.shows(
        SUMMARISED,
        """
        run_key | release | outcome   | sales | net_usd
        r1      | 1       | published | 5     | 57.15
        r2      | 2       | published | 7     | 67.15
        """,
    )
    assert verdict(loaded, "r2") == "Run r2: published as release 2; release 3 stands now"
    assert "+2 since release 1" in render_html(told(loaded, "r2"))


def test_a_run_that_published_nothing_tells_the_release_that_stays(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.run("r2")
    put(loaded, "sales_2.csv", "S00000010")
    loaded.run("r3")

    assert verdict(loaded, "r2") == "Run r2: nothing new, release 2 stays"


def test_a_restore_says_so_and_a_run_that_leaves_it_alone_too(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    put(loaded, "sales_2.csv", "S00000010")
    loaded.run("r2")
    go_back(loaded, 1)
    loaded.run("r3")

    assert verdict(loaded, "restore_1") == "Run restore_1: put release 1 back as release 3"
    assert verdict(loaded, "r2") == "Run r2: published as release 2; release 3 stands now"
    assert verdict(loaded, "r3") == "Run r3: nothing new, release 3 stays, which put release 1 back"


def test_a_mart_is_changed_where_a_row_of_it_is(stores: Pipeline) -> None:
    # Nothing was sold yet: of the marts only that of products has a row, that of the unknown one.
    summary = told(stores, "r1")

    assert [row["mart"] for row in summary.lineage if row["is_changed"]] == ["marts.product_performance"]
    changed = [row["table_name"] for row in summary.changes]
    assert [table for table in changed if table.startswith("marts.")] == ["marts.product_performance"]


def test_the_published_rows_of_an_own_dataset_are_those_of_its_table_whatever_was_done_by_hand(
    stores: Pipeline, tmp_path: Path, clone_database: Callable[..., str]
) -> None:
    here = stores.copy(tmp_path / "home", clone_database(template=stores.database))

    def published() -> int:
        ((rows,),) = here.query("SELECT COUNT(*) FROM core.stores")
        (row,) = (row for row in told(here, "r1").datasets if row["dataset"] == "stores")
        assert row["published_rows"] == rows
        return int(rows)

    assert published() == 2
    here.query("DELETE FROM core.stores WHERE store_id = 'ST001'")
    here.run("r2", recompute=Recompute(is_full=True))
    assert published() == 2
    # Also where what the run loaded is forgotten.
    here.run("r2")
    go_back(here, 1)
    # As it was before what was done by hand was undone.
    assert published() == 1
