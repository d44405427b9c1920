"""A month of many rows becomes a partition without being written again, and no reader finds it in an older release."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from batch_etl import release
from batch_etl.stores import new_months
from tests.chaos.conftest import NEW, OLD
from tests.chaos.readers import Readers
from tests.chaos.staged import Staged
from tests.chaos.test_killed_server import Counting, publish_by
from tests.integration.drawn_release import publish

MARCH = "SELECT ctid, xmin, sale_id FROM {} WHERE sold_on BETWEEN '2025-03-01' AND '2025-03-31' ORDER BY 1"
SALES = "SELECT COUNT(*) FROM core.fct_sale"


@pytest.fixture(autouse=True)
def every_month_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_months, "WORTH_ADOPTING_ROWS", 1)
    monkeypatch.setattr(release, "_QUIET_WITHIN_SECONDS", 0.2)


def test_where_nobody_reads_no_row_is_written(staged: Callable[[], Staged]) -> None:
    current = staged()
    waiting = current.warehouse.query(MARCH.format(f"staging.fct_sale_t{current.token}"))

    publish(current.warehouse, "new", current.token)

    assert current.is_published()
    assert current.warehouse.query(MARCH.format("core.fct_sale_2025_03")) == waiting
    constraints = "SELECT conname, contype FROM pg_constraint WHERE conrelid = 'core.fct_sale_{}'::regclass ORDER BY 1"
    march, january = (current.warehouse.query(constraints.format(month)) for month in ("2025_03", "2025_01"))
    assert march == [(name.replace("_01_", "_03_"), kind) for name, kind in january]


def test_who_began_before_the_publish_goes_on_seeing_the_old_release(staged: Callable[[], Staged]) -> None:
    current = staged()
    with closing(psycopg2.connect(current.warehouse.dsn)) as reader, reader.cursor() as reads:
        reader.set_session(isolation_level="REPEATABLE READ")
        reads.execute("SELECT MAX(release) FROM audit.releases")
        publish(current.warehouse, "new", current.token)
        reads.execute(SALES)
        assert reads.fetchone() == (len(OLD),)

    assert current.warehouse.query(SALES) == [(len(NEW),)]
    assert current.is_published()


def test_who_begins_in_the_middle_of_a_publish_goes_on_seeing_the_old_release(staged: Callable[[], Staged]) -> None:
    current, counted = staged(), Counting()
    publish_by(current, counted)
    current = staged()
    with closing(psycopg2.connect(current.warehouse.dsn)) as reader, reader.cursor() as reads:
        reader.set_session(isolation_level="REPEATABLE READ")
        publish_by(
            current, Counting(counted.seen // 2, lambda: reads.execute("SELECT MAX(release) FROM audit.releases"))
        )
        reads.execute(SALES)
        assert reads.fetchone() == (len(OLD),)

    assert current.is_published()


def test_readers_that_come_all_the_time_see_one_release_or_the_other(
    staged: Callable[[], Staged], reading: Callable[[Staged], Readers]
) -> None:
    current = staged()
    with reading(current) as readers:
        publish(current.warehouse, "new", current.token)

    assert readers.reads > 0
    assert readers.faults == []
    assert current.is_published()
