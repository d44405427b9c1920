"""PostgreSQL is killed -9 inside a COPY and inside a publish; started again, it has the old release or the new one."""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from pyarrow import parquet

from batch_etl import claim
from batch_etl.release import publish
from batch_etl.stores.difference import read_table
from batch_etl.stores.part_copy import parts_of, stage_parts
from stack.waiting import wait_until
from tests.chaos.readers import Readers
from tests.chaos.staged import Staged, is_connection_lost, some
from tests.integration.drawn_release import LIMITS
from tests.integration.drawn_star import TABLES
from tests.server import Server


class Counting:
    """Makes cursors that count statements, and do something before one of them."""

    def __init__(self, before: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.seen = 0
        counting = self

        class CountingCursor(Cursor):
            def execute(self, query: Any, values: Any = None) -> None:
                counting.seen += 1
                if counting.seen == before:
                    act()
                super().execute(query, values)

        self.factory = CountingCursor


def publish_by(staged: Staged, cursors: Counting) -> None:
    with closing(psycopg2.connect(staged.warehouse.dsn, cursor_factory=cursors.factory)) as connection:
        publish(connection, "new", staged.token, limits=LIMITS)


def publish_and_lose_the_server(staged: Staged, cursors: Counting) -> None:
    with pytest.raises(psycopg2.Error) as broken:
        publish_by(staged, cursors)
    assert is_connection_lost(broken.value)


def seconds_of_a_publish(staged: Staged) -> float:
    started = time.monotonic()
    publish_by(staged, Counting())
    return time.monotonic() - started


def test_a_publish_whose_server_is_killed_is_there_whole_or_not_at_all(
    staged: Callable[[], Staged],
    reading: Callable[[Staged], Readers],
    killable_server: Server,
    *,
    is_full: bool,
) -> None:
    counted = Counting()
    publish_by(staged(), counted)
    points, current, outcomes = some(counted.seen, is_full=is_full, wanted=3), staged(), []
    reads, faults = 0, []
    while points:
        with reading(current) as readers:
            publish_and_lose_the_server(current, Counting(points.pop(0), killable_server.kill))
            killable_server.start()
            outcomes.append(current.is_published())
        reads, faults = reads + readers.reads, faults + readers.faults
        if outcomes[-1]:
            current = staged()

    print(f"server killed at {len(outcomes)} of {counted.seen} statements, {sum(outcomes)} after; {reads} reads")  # noqa: T201
    assert faults == []
    publish_by(current, Counting())
    assert current.is_published()


def test_a_server_that_is_killed_at_any_moment_of_a_publish_has_the_old_release_or_the_new(
    staged: Callable[[], Staged], killable_server: Server, *, is_full: bool
) -> None:
    """Inside statements and inside the COMMIT, where the points between statements do not reach."""
    _, seconds, _ = sorted(seconds_of_a_publish(staged()) for _ in range(3))
    outcomes, current, moments = [], staged(), 40 if is_full else 4
    for moment in range(moments):
        timer = threading.Timer(1.5 * seconds * (moment + 0.5) / moments, killable_server.kill)
        timer.start()
        try:
            publish_by(current, Counting())
        except psycopg2.Error as error:
            assert is_connection_lost(error)
        timer.join()
        killable_server.start()
        outcomes.append(current.is_published())
        if outcomes[-1]:
            current = staged()

    print(f"server killed at {moments} moments of {seconds:.2f} s, {sum(outcomes)} after the COMMIT")  # noqa: T201


def test_a_server_that_is_killed_inside_a_copy_keeps_no_row_of_it(
    staged: Callable[[], Staged], killable_server: Server, tmp_path: Path
) -> None:
    warehouse = staged().warehouse
    before = warehouse.contents(TABLES)
    with closing(psycopg2.connect(warehouse.dsn)) as connection, connection.cursor() as cursor:
        token = claim.claim(connection, "copy")
        cursor.execute("CREATE TABLE core.numbers (n bigint)")
        connection.commit()
        table = read_table(cursor, "core.numbers")
    parquet.write_table(pa.table({"n": range(5_000_000)}), tmp_path / "numbers.parquet")
    copying = "SELECT COUNT(*) FROM pg_stat_progress_copy WHERE tuples_processed > 0"

    def kill_it_while_it_copies() -> None:
        assert wait_until(lambda: warehouse.query(copying) == [(1,)], limit_seconds=60, every_seconds=0.005)
        killable_server.kill()

    killer = threading.Thread(target=kill_it_while_it_copies)
    killer.start()
    with pytest.raises(psycopg2.Error) as broken:
        stage_parts(parts_of(table, tmp_path), tmp_path, dsn=warehouse.dsn, who="copy", token=token)
    killer.join()
    assert is_connection_lost(broken.value)
    killable_server.start()

    assert warehouse.query("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'") == []
    assert warehouse.contents(TABLES) == before
