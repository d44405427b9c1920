"""A month that only got new sales is loaded by these: what it held stays as it is, in the lake and in the warehouse."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from batch_etl import restore
from batch_etl.errors import QualityStopped
from batch_etl.plan import plan_publish
from batch_etl.recompute import Recompute
from batch_etl.stores import changed_sales
from tests.integration.conftest import OF_FEBRUARY, SALES
from tests.integration.pipeline import AFTER_LOADING, Pipeline
from tests.integration.test_releases import put_back

FEBRUARY = "core.fct_sale_2025_02"
LOADING = "data_loading"
STAGED = "SELECT part -> 'rows' AS sales FROM audit.runs, JSONB_ARRAY_ELEMENTS(load_manifest -> 'staged') AS part "


def deliver(pipeline: Pipeline, number: int, *, sale: str = "") -> None:
    """Bring one more sale of February, by default one that was not there."""
    sale = sale or OF_FEBRUARY.replace("S00000010", f"S{number:08}")
    (pipeline.raw / f"sales_{number}.csv").write_text(f"{SALES.splitlines()[0]}\n{sale}\n", encoding="utf-8")


def loaded_rows(pipeline: Pipeline, run_key: str, table: str = "core.fct_sale") -> list[int]:
    """How many rows of each month of a table, or of the whole of it, a run staged."""
    of_run = "WHERE run_key = %s AND part ->> 'table' = %s ORDER BY part ->> 'month'"
    return [rows for (rows,) in pipeline.query(STAGED + of_run, run_key, table)]


def files_of_february(pipeline: Pipeline) -> list[Path]:
    """In the mart that was computed last."""
    marts = sorted((pipeline.home / "data/processed/mart").glob("[!.]*"), key=lambda mart: mart.stat().st_mtime)
    return sorted((marts[-1] / "core.fct_sale/month=2025-02").iterdir())


def require_the_whole(pipeline: Pipeline) -> None:
    """What is published is what everything computed anew gives, to the last row."""
    pipeline.run("whole", recompute=Recompute(is_full=True))
    pipeline.shows(
        """
        SELECT SUM(rows_inserted + rows_updated + rows_deleted) AS rows FROM audit.release_changes
        WHERE release = (SELECT MAX(release) FROM audit.releases)
        """,
        "rows\n0",
    )


def test_what_a_month_held_stays_where_it_lies(next_month: Pipeline) -> None:
    before = next_month.row_versions([FEBRUARY])[FEBRUARY]
    assert loaded_rows(next_month, "r2") == [1]
    with closing(psycopg2.connect(next_month.dsn)) as connection:
        assert "core.fct_sale: +1 ~0 -0" in str(plan_publish(connection))

    next_month.run("r2", stages=AFTER_LOADING)

    assert next_month.row_versions([FEBRUARY])[FEBRUARY][: len(before)] == before
    next_month.shows(
        "SELECT * FROM audit.release_changes WHERE release = 2 AND table_name = 'core.fct_sale'",
        "rows_inserted | rows_updated | rows_deleted | sums\n"
        '1 | 0 | 0 | {"net_usd": "5.00", "gross_usd": "5.00", "unit_price_usd": "5.00"}',
    )
    require_the_whole(next_month)


def test_what_came_with_runs_that_published_nothing_is_loaded_too(next_month: Pipeline) -> None:
    deliver(next_month, 11)

    next_month.run("r3")

    assert loaded_rows(next_month, "r3") == [2]
    assert len(files_of_february(next_month)) == 3
    require_the_whole(next_month)


def test_what_a_restore_took_back_comes_again_on_top(next_month: Pipeline) -> None:
    next_month.run("r2", stages=AFTER_LOADING)
    put_back(next_month, 1)
    with closing(psycopg2.connect(next_month.dsn)) as connection:
        restore.resume(connection)
    deliver(next_month, 11)

    next_month.run("r4")

    assert loaded_rows(next_month, "r4") == [2]
    require_the_whole(next_month)


def test_a_release_with_a_month_that_grew_can_be_gone_back_from(next_month: Pipeline) -> None:
    before = next_month.contents()
    next_month.run("r2", stages=AFTER_LOADING)

    put_back(next_month, 1)

    assert next_month.contents() == before


@pytest.mark.parametrize(
    "sale",
    [
        "S00000005,C0000001,P000001,4,9.99,0,2025-02-20T00:00:00Z,west,voucher",
        "S00000001,C0000001,P000001,4,9.99,0,2025-02-20T00:00:00Z,west,voucher",
    ],
    ids=["its own", "of January"],
)
def test_a_later_version_of_a_sale_is_no_growth_of_the_month_that_held_it(next_month: Pipeline, sale: str) -> None:
    next_month.run("r2", stages=AFTER_LOADING)
    deliver(next_month, 11, sale=sale)

    next_month.run("r3")

    # The sale of January leaves none there.
    assert loaded_rows(next_month, "r3") == ([5] if "S00000005" in sale else [1])
    require_the_whole(next_month)


def test_a_month_of_many_files_is_written_anew_as_one(next_month: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    next_month.run("r2", stages=AFTER_LOADING)
    monkeypatch.setattr(changed_sales, "_MOST_FILES", 2)
    deliver(next_month, 11)

    next_month.run("r3")

    assert (loaded_rows(next_month, "r3"), len(files_of_february(next_month))) == ([6], 1)
    require_the_whole(next_month)


def test_a_month_that_was_asked_for_is_computed_anew_from_the_records(next_month: Pipeline) -> None:
    deliver(next_month, 11)

    next_month.run("r3", recompute=Recompute("2025-02", "2025-02"))

    assert (loaded_rows(next_month, "r3"), len(files_of_february(next_month))) == ([6], 1)
    require_the_whole(next_month)


def test_what_is_quarantined_comes_on_top_too(next_month: Pipeline) -> None:
    deliver(next_month, 11, sale=OF_FEBRUARY.replace("north", "moon"))
    next_month.run("r3")
    deliver(next_month, 12, sale=OF_FEBRUARY.replace("north", "mars"))

    next_month.run("r4")

    assert [loaded_rows(next_month, run, "quarantine.records") for run in ("r3", "r4")] == [[1], [1]]
    next_month.shows("SELECT COUNT(*) AS rejected FROM quarantine.records", "rejected\n5")
    require_the_whole(next_month)


def test_a_quarantined_record_that_somebody_removed_is_missed(next_month: Pipeline) -> None:
    next_month.query("DELETE FROM quarantine.records WHERE raw LIKE 'S00000003%'")
    deliver(next_month, 11, sale=OF_FEBRUARY.replace("north", "moon"))

    with pytest.raises(QualityStopped, match=r"files_add_up \("):
        next_month.run("r3")


@pytest.mark.parametrize(
    ("statement", "check"),
    [
        ("DELETE FROM core.fct_sale_2025_02 WHERE sale_id = 'S00000005'", "marts_agree_with_sales"),
        ("UPDATE core.fct_sale_2025_02 SET region = 'moon' WHERE sale_id = 'S00000005'", "contract_of_sales"),
        (
            "UPDATE core.fct_sale_2025_02 SET customer_id = 'C0000009' WHERE sale_id = 'S00000005'",
            "fct_sale_references",
        ),
    ],
)
def test_what_somebody_did_to_the_rows_that_stay_is_found(next_month: Pipeline, statement: str, check: str) -> None:
    next_month.query(statement)

    with pytest.raises(QualityStopped, match=rf"{check} \("):
        next_month.run("r2", stages=AFTER_LOADING)


def test_a_month_to_which_somebody_wrote_is_staged_whole_until_everything_is_compared(next_month: Pipeline) -> None:
    next_month.query("UPDATE core.fct_sale_2025_02 SET sale_id = 'S00000010' WHERE sale_id = 'S00000005'")

    next_month.run("r2", stages=[LOADING, *AFTER_LOADING])

    assert loaded_rows(next_month, "r2") == [5]
    deliver(next_month, 11)
    next_month.run("r3")
    assert loaded_rows(next_month, "r3") == [6]
    require_the_whole(next_month)
    deliver(next_month, 12)
    next_month.run("r5")
    assert loaded_rows(next_month, "r5") == [1]
    put_back(next_month, 1)
    assert next_month.query("SELECT foreign_writes FROM audit.releases ORDER BY release") == [
        *[(0,)] * 3,
        *[(1,)] * 3,
    ]


def test_a_sale_that_somebody_wrote_after_the_checks_is_brought_to_what_was_audited(next_month: Pipeline) -> None:
    next_month.run("r2", stages=["quality_checks"])
    next_month.query("""
        INSERT INTO core.fct_sale_2025_02
        SELECT (JSONB_POPULATE_RECORD(sale, '{"sale_id": "S00000010", "sold_on": "2025-02-12"}')).*
        FROM core.fct_sale_2025_02 AS sale WHERE sale_id = 'S00000005'
        """)

    next_month.run("r2", stages=["publish"])

    require_the_whole(next_month)


def test_all_of_a_month_is_staged_where_readers_see_something_else_of_it(next_month: Pipeline) -> None:
    next_month.query("UPDATE audit.release_parts SET fingerprint = 'another' WHERE month = '2025-02'")

    next_month.run("r2", stages=[LOADING, *AFTER_LOADING])

    assert loaded_rows(next_month, "r2") == [5]
    require_the_whole(next_month)
