"""A month that somebody has dropped comes back by a run that loads everything, and earlier releases keep it."""

from contextlib import closing

import psycopg2
import pytest

from batch_etl.errors import LoadFailed
from batch_etl.recompute import Recompute
from batch_etl.restore import resume
from batch_etl.stores import new_months
from tests.integration.conftest import OF_FEBRUARY, SALES
from tests.integration.pipeline import AFTER_LOADING, Pipeline
from tests.integration.test_releases import as_of, put_back

TABLE = ("core.fct_sale",)
EVERYTHING = Recompute(is_full=True)


@pytest.mark.parametrize("worth_adopting", [0, 100])
@pytest.mark.parametrize("lost", ["DROP TABLE core.fct_sale_2025_01", "TRUNCATE core.fct_sale_2025_01"])
def test_a_month_that_is_lost_comes_back_and_stays_in_earlier_releases(
    next_month: Pipeline, monkeypatch: pytest.MonkeyPatch, lost: str, worth_adopting: int
) -> None:
    monkeypatch.setattr(new_months, "WORTH_ADOPTING_ROWS", worth_adopting)
    first = next_month.contents(TABLE)
    next_month.query(lost)

    next_month.run("r3", recompute=EVERYTHING)

    next_month.shows("SELECT COUNT(*) AS sales FROM core.fct_sale_2025_01", "sales\n1")
    assert (as_of(next_month, 1, TABLE), as_of(next_month, 2, TABLE)) == (first, next_month.contents(TABLE))
    put_back(next_month, 1)
    assert next_month.contents(TABLE) == first


def test_a_month_that_is_detached_and_stands_in_the_way_is_named(next_month: Pipeline) -> None:
    next_month.query("ALTER TABLE core.fct_sale DETACH PARTITION core.fct_sale_2025_01")

    with pytest.raises(LoadFailed, match=r"core\.fct_sale_2025_01 stands where a partition of core\.fct_sale "):
        next_month.run("r3", recompute=EVERYTHING)

    next_month.query("DROP TABLE core.fct_sale_2025_01")
    next_month.run("r3", stages=["publish"])
    next_month.shows("SELECT COUNT(*) AS sales FROM core.fct_sale_2025_01", "sales\n1")


def test_a_restore_that_was_undone_keeps_no_run_from_loading_everything(next_month: Pipeline) -> None:
    next_month.run("r2", stages=AFTER_LOADING)
    newest = next_month.contents(TABLE)
    put_back(next_month, 1)
    put_back(next_month, 2)
    next_month.query("TRUNCATE core.fct_sale_2025_01")

    left = next_month.run("r3")
    next_month.run("r4", recompute=EVERYTHING)

    assert left["data_loading"].is_nothing_new
    assert "restored_instead" not in left["data_loading"].details
    assert next_month.contents(TABLE) == newest
    next_month.shows(
        "SELECT run_key, is_pinned FROM audit.releases WHERE release = 5", "run_key | is_pinned\nr4 | false"
    )


@pytest.mark.parametrize("worth_adopting", [0, 100])
def test_a_month_that_was_gone_back_from_and_dropped_comes_again_as_a_change(
    next_month: Pipeline, monkeypatch: pytest.MonkeyPatch, worth_adopting: int
) -> None:
    monkeypatch.setattr(new_months, "WORTH_ADOPTING_ROWS", worth_adopting)
    next_month.run("r2", stages=AFTER_LOADING)
    before = next_month.contents(TABLE)
    of_march = OF_FEBRUARY.replace("S00000010", "S00000011").replace("2025-02-12", "2025-03-12")
    (next_month.raw / "sales_3.csv").write_text(f"{SALES.splitlines()[0]}\n{of_march}\n", encoding="utf-8")
    next_month.run("r3")
    put_back(next_month, 2)
    next_month.query("DROP TABLE core.fct_sale_2025_03")
    with closing(psycopg2.connect(next_month.dsn)) as connection:
        resume(connection)

    next_month.run("r5")

    assert [as_of(next_month, release, TABLE) == before for release in (2, 3, 4, 5)] == [True, False, True, False]
    next_month.shows("SELECT COUNT(*) AS sales FROM core.fct_sale_2025_03", "sales\n1")
