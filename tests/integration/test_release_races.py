"""Two publishes at once: one of them, or one after the other, and the newer one stands at the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest

from batch_etl.errors import Superseded, WarehouseBusy
from batch_etl.settings import ReleaseLimits
from stack.waiting import wait_until
from tests.integration.drawn_release import FIRST, SECOND, publish, shown, stage
from tests.integration.pipeline import Pipeline


def test_two_publishes_of_one_attempt_at_once_make_one_release(warehouse: Pipeline) -> None:
    token = stage(warehouse, "r1", FIRST, batches=("b1",))

    outcomes = at_once(*[lambda: publish(warehouse, "r1", token)] * 4)

    assert sorted(map(repr, map(type, outcomes))) == sorted(map(repr, [tuple, Superseded, Superseded, Superseded]))
    shown(warehouse, FIRST)
    assert warehouse.query("SELECT release FROM audit.releases") == [(1,)]


def test_two_runs_that_publish_at_once_end_with_the_newer_one(warehouse: Pipeline) -> None:
    older = stage(warehouse, "r1", FIRST, batches=("b1",))
    with holding(warehouse, "LOCK TABLE staging.category_sales_t1 IN ACCESS SHARE MODE"):
        # Somebody looks at the older staging, so the newer run cannot clear it: both may publish.
        newer = stage(warehouse, "r2", SECOND, batches=("b1", "b2"))
    actions = (lambda: publish(warehouse, "r1", older)), (lambda: publish(warehouse, "r2", newer))

    with holding(warehouse, "LOCK TABLE marts.category_sales IN SHARE MODE") as release_table:
        outcomes = at_once(*actions, meanwhile=lambda: (wait_for_waiters(warehouse, 2), release_table()))

    assert isinstance(outcomes[1], tuple)
    assert isinstance(outcomes[0], tuple | Superseded)
    shown(warehouse, SECOND)
    releases = warehouse.query("SELECT release FROM audit.releases ORDER BY release")
    assert releases == [(number + 1,) for number in range(len(releases))]


@contextmanager
def holding(warehouse: Pipeline, lock: str) -> Iterator[Callable[[], None]]:
    """Hold a lock for the block, or until the function that it gives is called."""
    with closing(psycopg2.connect(warehouse.dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(lock)
        yield connection.rollback


def wait_for_waiters(warehouse: Pipeline, number: int) -> None:
    waiting = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = CURRENT_DATABASE() AND wait_event_type = 'Lock'"
    assert wait_until(lambda: warehouse.query(waiting) == [(number,)], limit_seconds=20)


def at_once(*actions: Callable[[], object], meanwhile: Callable[[], object] = lambda: None) -> list[object]:
    """Do these things in threads that start together; what they return or raise, in their order."""
    together = threading.Barrier(len(actions))
    outcomes: list[object] = [None] * len(actions)

    def act(place: int) -> None:
        together.wait()
        try:
            outcomes[place] = actions[place]()
        except (Superseded, psycopg2.Error) as error:
            outcomes[place] = error

    threads = [threading.Thread(target=act, args=(place,)) for place in range(len(actions))]
    for thread in threads:
        thread.start()
    meanwhile()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


def test_a_publish_waits_for_a_lock_and_then_goes_on(warehouse: Pipeline, caplog: pytest.LogCaptureFixture) -> None:
    token = stage(warehouse, "r1", FIRST, batches=("b1",))
    with holding(warehouse, "LOCK TABLE marts.category_sales IN SHARE MODE") as let_go:

        def let_go_after_the_first_try() -> None:
            assert wait_until(lambda: "waiting for a lock" in caplog.text, limit_seconds=30)
            let_go()

        (outcome,) = at_once(lambda: publish(warehouse, "r1", token), meanwhile=let_go_after_the_first_try)

    assert outcome[0] == 1
    shown(warehouse, FIRST)


def test_the_statement_of_whoever_holds_a_lock_is_told_without_its_values(
    warehouse: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    token = stage(warehouse, "r1", FIRST, batches=("b1",))
    limits = ReleaseLimits(kept=30, lock_wait_seconds=11)
    lock = "LOCK TABLE marts.category_sales IN SHARE MODE"
    with (
        holding(warehouse, f"{lock}; SELECT 'ann.secret@example.org', {'1, ' * 30} 'ann'"),
        pytest.raises(WarehouseBusy) as busy,
    ):
        publish(warehouse, "r1", token, limits=limits)

    held_by = [who["query"] for record in caplog.records for who in getattr(record, "held_by", [])]
    assert f"{lock}; SELECT ***, 1, 1" in str(busy.value)
    assert held_by
    assert "ann" not in f"{busy.value} {held_by}"


def test_a_publish_that_waited_too_long_names_who_holds_the_lock(warehouse: Pipeline) -> None:
    token = stage(warehouse, "r1", FIRST, batches=("b1",))
    few_seconds = ReleaseLimits(kept=30, lock_wait_seconds=1)
    with (
        holding(warehouse, "SET application_name = 'somebody'; LOCK TABLE marts.category_sales IN SHARE MODE"),
        pytest.raises(WarehouseBusy, match=r"held by pid \d+ \(somebody, role airflow, idle in transaction for \d+ s"),
    ):
        publish(warehouse, "r1", token, limits=few_seconds)

    assert warehouse.query("SELECT COUNT(*) FROM audit.releases") == [(0,)]
    publish(warehouse, "r1", token)
    shown(warehouse, FIRST)
