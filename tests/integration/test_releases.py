"""The way back: every release can be read, compared and put back, and what was put back stays."""

import json
import random
from contextlib import closing
from datetime import date, timedelta

import psycopg2
import pytest
from psycopg2 import sql
from typer.testing import CliRunner

from batch_etl import cli, restore
from batch_etl.errors import ReleaseUnavailable, Superseded
from batch_etl.settings import ReleaseLimits
from tests.integration.drawn_release import FIRST, LIMITS, MART, SECOND, publish, shown, stage
from tests.integration.drawn_star import TABLES, Sales, stage_star
from tests.integration.pipeline import AFTER_LOADING, Pipeline


@pytest.fixture
def two_releases(warehouse: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """FIRST and SECOND published, as the environment of a command describes it."""
    publish(warehouse, "r1", stage(warehouse, "r1", FIRST, batches=("b1",)))
    publish(warehouse, "r2", stage(warehouse, "r2", SECOND, batches=("b1", "b2")))
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse.dsn)
    return warehouse


def put_back(warehouse: Pipeline, wanted: int, *, limits: ReleaseLimits = LIMITS) -> restore.Restored:
    with closing(psycopg2.connect(warehouse.dsn)) as connection:
        return restore.restore(connection, wanted, run_key=f"restore_{wanted}", limits=limits)


def as_of(warehouse: Pipeline, number: int, tables: tuple[str, ...] = TABLES) -> dict[str, tuple[int, str]]:
    """Rows and hash of each table as it was in a release, told as Pipeline.contents tells today's."""
    digest = sql.SQL(
        "SELECT COUNT(*), MD5(COALESCE(STRING_AGG(t::text, E'\\n' ORDER BY t::text), '')) "
        "FROM history.as_of(NULL::{}, {}) AS t"
    )
    return {
        table: warehouse.query(digest.format(sql.Identifier(*table.split(".")), sql.Literal(number)))[0]
        for table in tables
    }


def etl(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, ["releases", *arguments], catch_exceptions=False).output


def test_a_table_can_be_read_as_of_every_release(two_releases: Pipeline) -> None:
    select = "SELECT * FROM history.as_of(NULL::marts.category_sales, {}) ORDER BY category"

    two_releases.shows(select.format(1), FIRST)
    two_releases.shows(select.format(2), SECOND)


def test_restore_puts_an_earlier_release_back_as_a_new_one(two_releases: Pipeline) -> None:
    unknown = two_releases.query("SELECT ctid, xmin FROM marts.category_sales WHERE category = 'unknown'")

    done = put_back(two_releases, 1)

    assert (done.release, [str(change) for change in done.changes]) == (3, [f"{MART}: +1 ~1 -1"])
    shown(two_releases, FIRST)
    assert two_releases.query("SELECT ctid, xmin FROM marts.category_sales WHERE category = 'unknown'") == unknown
    two_releases.shows(
        "SELECT release, restored_from, is_pinned, batch_id FROM audit.releases "
        "INNER JOIN audit.release_batches USING (release) ORDER BY release, batch_id",
        """
        release | restored_from | is_pinned | batch_id
        1       |               | false     | b1
        2       |               | false     | b1
        2       |               | false     | b2
        3       | 1             | true      | b1
        """,
    )
    put_back(two_releases, 2)
    shown(two_releases, SECOND)


def test_a_run_that_was_loaded_before_a_restore_cannot_publish(two_releases: Pipeline) -> None:
    token = stage(two_releases, "r3", FIRST, batches=("b1", "b2"))
    put_back(two_releases, 1)

    with pytest.raises(Superseded):
        publish(two_releases, "r3", token)
    # Its staging may have stood: a table that somebody reads is not dropped.
    assert two_releases.query("SELECT MAX(release) FROM audit.releases") == [(3,)]


@pytest.mark.parametrize(("wanted", "complaint"), [(2, "is what readers see already"), (9, "1 to 2 can be seen")])
def test_what_cannot_be_restored_is_told_and_nothing_is_claimed(
    two_releases: Pipeline, wanted: int, complaint: str
) -> None:
    with pytest.raises(ReleaseUnavailable, match=complaint):
        put_back(two_releases, wanted)

    assert two_releases.query("SELECT COUNT(*) FROM audit.runs") == [(2,)]


def test_what_lies_further_back_than_is_kept_is_forgotten(two_releases: Pipeline) -> None:
    few = ReleaseLimits(kept=1, lock_wait_seconds=60)
    publish(two_releases, "r3", stage(two_releases, "r3", FIRST, batches=("b1", "b2")), limits=few)

    assert two_releases.query("SELECT DISTINCT _release FROM history.category_sales") == [(3,)]
    held = "SELECT release, COUNT(*) FROM audit.release_batches GROUP BY release ORDER BY release"
    assert two_releases.query(held) == [(2, 2), (3, 2)]
    with pytest.raises(ReleaseUnavailable, match="release 1: not there, or older than what is kept; 2 to 3 can be"):
        put_back(two_releases, 1)
    with pytest.raises(psycopg2.errors.NoDataFound, match="what release 2 replaced is not kept"):
        two_releases.query("SELECT history.as_of(NULL::marts.category_sales, 1)")
    put_back(two_releases, 2)
    shown(two_releases, SECOND)
    assert two_releases.query(held)[-1] == (4, 2)


def random_sales(dice: random.Random, before: Sales) -> Sales:
    """Some of the sales before, some of them changed, some new, over five months of which some stay empty."""
    kept = {sale: row for sale, row in before.items() if dice.random() < 0.8}
    first = date(2025, dice.choice([1, 2, 3, 5]), 1)
    fresh = {
        f"S{dice.randrange(60)}": (first + timedelta(days=dice.randrange(28)), dice.randrange(1, 6)) for _ in range(8)
    }
    return {**kept, **fresh}


@pytest.mark.parametrize("seed", range(3))
def test_every_release_is_read_and_restored_as_it_was(warehouse: Pipeline, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - the same dice every time
    seen, sales = {}, {}
    for number in range(1, 8):
        sales = random_sales(dice, sales)
        publish(warehouse, f"r{number}", stage_star(warehouse, f"r{number}", sales))
        seen[number] = warehouse.contents(TABLES)
    for number in (3, 6, 1, 9):
        put_back(warehouse, number)
        newest = max(seen) + 1
        seen[newest] = warehouse.contents(TABLES)
        assert seen[newest] == seen[number]

    assert {number: as_of(warehouse, number) for number in seen} == seen


def test_a_restore_touches_only_what_changed_since(warehouse: Pipeline) -> None:
    old = {f"S{n}": (date(2025, 1, 1 + n % 28), 1) for n in range(100)}
    publish(warehouse, "r1", stage_star(warehouse, "r1", old))
    before = warehouse.row_versions(TABLES)
    publish(warehouse, "r2", stage_star(warehouse, "r2", {**old, "S3": (date(2025, 2, 4), 2)}))

    done = put_back(warehouse, 1)

    assert {str(change) for change in done.changes if change.rows} == {
        "core.fct_sale: +1 ~0 -1",
        "core.dim_customer: +0 ~0 -1",
        "core.dim_date: +0 ~0 -1",
        "marts.daily_sales: +0 ~1 -1",
    }
    after = warehouse.row_versions(TABLES)
    assert len(set(after["core.fct_sale"]) - set(before["core.fct_sale"])) == 1


def test_the_difference_of_two_releases_tells_each_row(two_releases: Pipeline) -> None:  # noqa: ARG001
    assert etl("diff", "1", "2").splitlines() == [
        "marts.category_sales: +1 ~1 -1",
        "  + category: books, orders: 1, units: 1, net_usd: 7.00, cost_usd: 3.00, margin_usd: 4.00",
        "  ~ category: home: orders: 2 -> 3, units: 5 -> 6, net_usd: 48.06 -> 58.06, cost_usd: 25.00 -> 30.00, "
        "margin_usd: 23.06 -> 28.06",
        "  - category: toys, orders: 2, units: 3, net_usd: 9.00, cost_usd: 6.00, margin_usd: 3.00",
    ]
    (back,) = json.loads(etl("diff", "2", "1", "--table", MART, "--limit", "1", "--json"))
    assert (back["counts"], back["rows"][0]["change"]) == ({"insert": 1, "update": 1, "delete": 1}, "delete")
    assert etl("diff", "1", "2", "--limit", "1").splitlines()[-1] == "  … and 2 more; --limit shows them"


def test_amounts_are_told_to_the_last_digit(warehouse: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse.dsn)
    for run_key, cents in (("r1", "98"), ("r2", "99")):
        drawing = f"category | orders | units | net_usd\nhome | 1 | 1 | 9999999999999999.{cents}"
        publish(warehouse, run_key, stage(warehouse, run_key, drawing, batches=("b1",)))

    assert etl("diff", "1", "2").splitlines()[1] == (
        "  ~ category: home: net_usd: 9999999999999999.98 -> 9999999999999999.99"
    )
    (told,) = json.loads(etl("diff", "1", "2", "--json"))
    assert [told["rows"][0][when]["net_usd"] for when in ("before", "after")] == [
        f"9999999999999999.{cents}" for cents in ("98", "99")
    ]


def test_the_commands_list_preview_restore_and_resume(two_releases: Pipeline) -> None:
    assert etl("restore", "1", "--dry-run").splitlines()[1:] == ["marts.category_sales: +1 ~1 -1"]
    shown(two_releases, SECOND)
    assert etl("restore", "1").splitlines()[:2] == ["release 3 puts release 1 back", "  marts.category_sales: +1 ~1 -1"]
    listed = etl().splitlines()
    assert listed[0].endswith("  (restored from 1)  (runs leave it alone)")
    assert listed[1].strip() == ("marts.category_sales: +1 ~1 -1, cost_usd -2.00, margin_usd -6.00, net_usd -8.00")
    assert [entry["release"] for entry in json.loads(etl("--json"))] == [3, 2, 1]
    assert etl("resume").startswith("release 3 is no longer kept against runs")
    with pytest.raises(ReleaseUnavailable, match="nothing to resume"):
        etl("resume")


def test_a_table_of_a_release_is_written_as_csv_or_json(two_releases: Pipeline) -> None:  # noqa: ARG001
    csv = etl("read", MART, "--release", "1").splitlines()
    assert (csv[0], sorted(csv[1:])[0]) == (
        "category,orders,units,net_usd,cost_usd,margin_usd",
        "home,2,5,48.06,25.00,23.06",
    )
    rows = json.loads(etl("read", MART, "--format", "json"))
    assert sorted(row["category"] for row in rows) == ["books", "home", "unknown"]
    with pytest.raises(ReleaseUnavailable, match=f"no release has such a table; there are {MART}"):
        etl("read", "core.nothing")
    with pytest.raises(ReleaseUnavailable, match="release 0: not there"):
        etl("read", MART, "--release", "0")


def test_a_restore_survives_runs_until_something_new_arrives_or_somebody_resumes(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    old = loaded.contents()
    sales = loaded.raw / "sales_2.csv"
    header = (loaded.raw / "sales_1.csv").read_text().splitlines()[0]
    sales.write_text(f"{header}\nS00000077,C0000001,P000001,1,1.00,0,2025-03-01T00:00:00Z,north,card\n")
    loaded.run("r2")
    new = loaded.contents()
    put_back(loaded, 1)

    left = loaded.run("r3")

    assert (left["data_loading"].details["restored_instead"], loaded.contents()) == (3, old)
    assert left["publish"].is_nothing_new
    with closing(psycopg2.connect(loaded.dsn)) as connection:
        restore.resume(connection)
    loaded.run("r4")
    assert loaded.contents() == new
    put_back(loaded, 1)
    sales.with_name("sales_3.csv").write_text(
        f"{header}\nS00000078,C0000001,P000001,1,1.00,0,2025-03-02T00:00:00Z,north,card\n"
    )
    assert loaded.run("r5")["publish"].details["release"] == 6
    loaded.shows("SELECT COUNT(*) AS sales FROM core.fct_sale WHERE sold_on >= '2025-03-01'", "sales\n2")


def test_versions_older_than_the_first_known_are_published_and_gone_back_from(loaded: Pipeline) -> None:
    """The first version holds since 1900: the late one takes that moment from the one that had it, in one statement."""
    header = (loaded.raw / "products_1.csv").read_text().splitlines()[0]
    for name, day in (("products_2", "2024-03-01"), ("products_3", "2023-06-01")):
        lines = [f"P{number:06},Made {day},toys,1.00,0.50,1,,{day}T00:00:00Z" for number in range(100, 600)]
        (loaded.raw / f"{name}.csv").write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        loaded.run(name)
        loaded.shows(
            "SELECT product_name, COUNT(*) AS products FROM core.dim_product WHERE product_name LIKE 'Made%' "
            "AND valid_from_utc = '1900-01-01 00:00:00+00' GROUP BY product_name",
            f"product_name | products\nMade {day} | 500",
        )
    before = as_of(loaded, 1, ("core.dim_product",))

    put_back(loaded, 1)

    assert loaded.contents(("core.dim_product",)) == before
