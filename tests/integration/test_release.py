"""Publishing: all tables at once, only by the newest attempt, never twice, and by halves never."""

from contextlib import closing
from decimal import Decimal

import psycopg2
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import claim, release
from batch_etl.errors import ConfigurationError, ReleaseUnavailable, Superseded
from batch_etl.run import Run
from batch_etl.stores import history
from batch_etl.stores.difference import Change
from batch_etl.stores.visible_parts import forgotten_batches
from tests.integration.drawn_release import FIRST, LIMITS, MART, SECOND, publish, shown, stage, state
from tests.integration.pipeline import Pipeline


def dollars(net: str, cost: str, margin: str) -> dict[str, Decimal]:
    return {"net_usd": Decimal(net), "cost_usd": Decimal(cost), "margin_usd": Decimal(margin)}


def test_a_publish_touches_only_the_rows_that_differ(warehouse: Pipeline) -> None:
    first = publish(warehouse, "r1", stage(warehouse, "r1", FIRST, batches=("b1",)))
    unknown = warehouse.query("SELECT ctid, xmin FROM marts.category_sales WHERE category = 'unknown'")
    second = publish(warehouse, "r2", stage(warehouse, "r2", SECOND, batches=("b1", "b2")))

    shown(warehouse, SECOND)
    assert first == (1, [Change(MART, 3, 0, 0, dollars("57.15", "31.00", "26.06"))])
    assert second == (2, [Change(MART, 1, 1, 1, dollars("8.00", "2.00", "6.00"))])
    assert warehouse.query("SELECT ctid, xmin FROM marts.category_sales WHERE category = 'unknown'") == unknown
    warehouse.shows(
        "SELECT * FROM audit.releases INNER JOIN audit.release_changes USING (release) ORDER BY release",
        """
        release | run_key | token | table_name           | rows_inserted | rows_updated | rows_deleted
        1       | r1      | 1     | marts.category_sales | 3             | 0            | 0
        2       | r2      | 2     | marts.category_sales | 1             | 1            | 1
        """,
    )
    warehouse.shows(
        "SELECT * FROM audit.release_batches ORDER BY release, batch_id",
        "release | dataset | batch_id\n1 | sales | b1\n2 | sales | b1\n2 | sales | b2",
    )
    warehouse.shows(
        "SELECT * FROM audit.outbox ORDER BY message_id",
        """
        run_key | kind                | severity | subject                | body
        r1      | release_1_published | info     | Release 1 is published | marts.category_sales: +3 ~0 -0
        r2      | release_2_published | info     | Release 2 is published | marts.category_sales: +1 ~1 -1
        """,
    )
    assert warehouse.query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []


def test_the_same_content_published_again_changes_no_row(warehouse: Pipeline) -> None:
    publish(warehouse, "r1", stage(warehouse, "r1", FIRST, batches=("b1",)))
    before = warehouse.row_versions((MART,))

    number, changes = publish(warehouse, "r2", stage(warehouse, "r2", FIRST, batches=("b1",)))

    assert (number, changes) == (2, [Change(MART, 0, 0, 0)])
    assert warehouse.row_versions((MART,)) == before


def test_an_attempt_is_published_once(warehouse: Pipeline) -> None:
    token = stage(warehouse, "r1", FIRST, batches=("b1",))
    publish(warehouse, "r1", token)
    before = state(warehouse)

    with pytest.raises(Superseded, match="attempt 1 may not publish, attempt 1 is published"):
        publish(warehouse, "r1", token)
    retried = release.publish_attempt(Run("r1", "publish", "all", warehouse.settings), token=token)

    assert retried.is_nothing_new
    assert state(warehouse) == before


def test_an_older_attempt_of_a_run_cannot_publish(warehouse: Pipeline) -> None:
    zombie = stage(warehouse, "r1", FIRST, batches=("b1",))
    newer = stage(warehouse, "r1", SECOND, batches=("b1",))
    before = state(warehouse)

    with pytest.raises(Superseded, match="attempt 1 may not publish, attempt 2 is audited; clear data_loading"):
        publish(warehouse, "r1", zombie)
    with (
        pytest.raises(Superseded, match="a newer attempt holds the run"),
        closing(psycopg2.connect(warehouse.dsn)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        claim.advance(cursor, "r1", zombie, state="audited")

    assert state(warehouse) == before
    publish(warehouse, "r1", newer)
    shown(warehouse, SECOND)


@pytest.mark.parametrize("not_audited", ["claimed", "loaded", "stopped", "unchanged"])
def test_only_what_was_audited_is_published(warehouse: Pipeline, not_audited: str) -> None:
    token = stage(warehouse, "r1", FIRST, batches=("b1",), state=not_audited)
    before = state(warehouse)

    with pytest.raises(Superseded, match=f"attempt 1 may not publish, attempt 1 is {not_audited}"):
        publish(warehouse, "r1", token)

    assert state(warehouse) == before


def test_a_run_that_loaded_nothing_cannot_publish(warehouse: Pipeline) -> None:
    with pytest.raises(Superseded, match="run r1: nothing was loaded for it; run data_loading first"):
        publish(warehouse, "r1", 1)


def test_a_run_computed_before_a_newer_release_cannot_undo_it(warehouse: Pipeline) -> None:
    older = stage(warehouse, "r1", FIRST, batches=("b1",))
    newer = stage(warehouse, "r2", SECOND, batches=("b1", "b2"))
    publish(warehouse, "r2", newer)
    before = state(warehouse)

    with pytest.raises(Superseded, match="attempt 1: release 1 is newer; trigger a new run"):
        publish(warehouse, "r1", older)

    assert state(warehouse) == before
    shown(warehouse, SECOND)


def test_a_later_attempt_that_knows_fewer_files_cannot_publish(warehouse: Pipeline) -> None:
    publish(warehouse, "r1", stage(warehouse, "r1", SECOND, batches=("b1", "b2")))
    before = warehouse.row_versions((MART,))

    with pytest.raises(ConfigurationError, match="release 1 holds b1, which this run could not read"):
        publish(warehouse, "r2", stage(warehouse, "r2", FIRST, batches=("b2", "b3")))

    assert warehouse.row_versions((MART,)) == before


def test_a_failure_inside_the_publish_leaves_everything_as_it_was(loaded: Pipeline) -> None:
    loaded.run("r1", stages=["quality_checks"])
    # The last of the tables to be merged takes no row.
    loaded.query("ALTER TABLE quarantine.records ADD CONSTRAINT planted CHECK (record_number < 0)")
    before = loaded.contents(), loaded.query("SELECT * FROM audit.runs"), loaded.query("SELECT * FROM audit.outbox")

    with pytest.raises(psycopg2.errors.CheckViolation):
        loaded.run("r1", stages=["publish"])

    after = loaded.contents(), loaded.query("SELECT * FROM audit.runs"), loaded.query("SELECT * FROM audit.outbox")
    assert after == before
    assert loaded.query("SELECT COUNT(*) FROM audit.releases") == [(0,)]
    assert loaded.query("SELECT COUNT(*) FROM core.fct_sale") == [(0,)]
    loaded.query("ALTER TABLE quarantine.records DROP CONSTRAINT planted")
    assert loaded.run("r1", stages=["publish"])["publish"].details["release"] == 1


def test_a_run_whose_staging_a_newer_run_has_cleared_is_told_so(warehouse: Pipeline) -> None:
    older = stage(warehouse, "r1", FIRST, batches=("b1",))
    stage(warehouse, "r2", SECOND, batches=("b1", "b2"), state="claimed")
    before = state(warehouse)

    with pytest.raises(Superseded, match="attempt 1: a newer run has cleared its staging; clear data_loading and what"):
        publish(warehouse, "r1", older)
    warehouse.query("UPDATE audit.runs SET state = 'loaded' WHERE run_key = 'r1'")
    with pytest.raises(Superseded, match="attempt 1: a newer run has cleared its staging; clear data_loading and what"):
        warehouse.run("r1", stages=["quality_checks"])

    assert state(warehouse)[0] == before[0] == {MART: []}
    assert warehouse.query("SELECT COUNT(*) FROM audit.releases") == [(0,)]


def test_differences_come_in_the_order_of_the_whole_key(warehouse: Pipeline) -> None:
    heading = "month_begins_on | region | orders | units | customers | net_usd | net_share_pct\n"
    regions = [f"{letter}{number}" for number in range(10) for letter in "cab"]
    for run_key, names in (("r1", regions[:1]), ("r2", regions)):
        drawing = heading + "\n".join(f"2025-03-01 | {name} | 1 | 1 | 1 | 1.00 | 1.00" for name in names)
        token = stage(warehouse, run_key, drawing, batches=("b1",), table="marts.region_sales")
        publish(warehouse, run_key, token)

    with closing(psycopg2.connect(warehouse.dsn)) as connection, connection.cursor() as cursor:
        counts, rows = history.find_differences(cursor, "marts.region_sales", 1, 2, limit=5)

    assert counts == {"insert": 29}
    assert [row["after"]["region"] for row in rows] == ["a0", "a1", "a2", "a3", "a4"]


class Counting(Cursor):
    """Counts what is asked of the server."""

    asked = 0

    def execute(self, *statement: object) -> None:
        Counting.asked += 1
        super().execute(*statement)


class Unsearched(tuple[str, ...]):
    """May be gone through, but not searched for each of many."""

    def __contains__(self, _: object) -> bool:
        raise AssertionError("searched through")


def test_a_publish_of_many_batches_asks_no_more_than_one_of_few(warehouse: Pipeline) -> None:
    asked = []
    for run_key, count in (("r1", 2), ("r2", 2), ("r3", 500)):
        token = stage(warehouse, run_key, FIRST, batches=tuple(f"b{number}" for number in range(count)))
        before = Counting.asked
        with closing(psycopg2.connect(warehouse.dsn, cursor_factory=Counting)) as connection:
            release.publish(connection, run_key, token, limits=LIMITS)
        asked.append(Counting.asked - before)

    assert asked[1] == asked[2]
    assert warehouse.query("SELECT COUNT(*) FROM audit.release_batches WHERE release = 3") == [(500,)]


def test_forgotten_batches_are_found_without_a_search_for_each(warehouse: Pipeline) -> None:
    publish(warehouse, "r1", stage(warehouse, "r1", FIRST, batches=("b1", "b2", "b3")))

    with closing(psycopg2.connect(warehouse.dsn)) as connection, connection.cursor() as cursor:
        assert forgotten_batches(cursor, 1, {"sales": Unsearched(["b1", "b3"])}) == ["b2"]
        assert forgotten_batches(cursor, 1, {}) == []


def test_a_look_at_releases_reads_each_of_them_once(warehouse: Pipeline) -> None:
    warehouse.query(
        "INSERT INTO audit.releases (release, run_key, token, fingerprint, has_history) "
        "SELECT n, 'r' || n, n, 'f', n > 970 FROM GENERATE_SERIES(1, 1000) AS n"
    )
    with closing(psycopg2.connect(warehouse.dsn)) as connection, connection.cursor() as cursor:
        kept = [told["release"] for told in history.list_releases(cursor) if told["is_kept"]]
        of_list = rows_looked_at(cursor)
        history.require_kept(cursor, 970, 1000)
        of_one = rows_looked_at(cursor)
        for lost in (969, 1001):
            with pytest.raises(ReleaseUnavailable, match="970 to 1000 can be seen"):
                history.require_kept(cursor, lost)

    assert kept == list(range(1000, 969, -1))
    assert max(of_list, of_one) < 10 * 1000


def rows_looked_at(cursor: Cursor) -> int:
    """By the last query, at each of its steps together."""
    cursor.execute(b"EXPLAIN (ANALYZE, FORMAT JSON) " + cursor.query)
    ((plan,),) = cursor.fetchall()
    steps = [plan[0]["Plan"]]
    for step in steps:
        steps += step.get("Plans", ())
    return sum((step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) * step["Actual Loops"] for step in steps)
