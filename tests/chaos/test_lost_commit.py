"""The line is cut at the COMMIT of a publish: nobody knows whether it happened, and a retry finds out."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from batch_etl.release import publish, publish_attempt
from batch_etl.run import Run
from stack.waiting import wait_until
from tests.chaos.proxy import Lost, losing
from tests.chaos.readers import Readers
from tests.chaos.staged import Staged, is_connection_lost
from tests.integration.drawn_release import LIMITS


@pytest.mark.parametrize("lost", ["request", "reply"])
def test_a_retry_after_a_lost_commit_publishes_exactly_once(
    staged: Callable[[], Staged], reading: Callable[[Staged], Readers], lost: Lost
) -> None:
    current = staged()
    with reading(current) as readers:
        with (
            # The first makes the partition of the new month.
            losing(current.warehouse.dsn, lost, of_commit=2) as dsn,
            closing(psycopg2.connect(dsn)) as connection,
            pytest.raises(psycopg2.Error) as broken,
        ):
            publish(connection, "new", current.token, limits=LIMITS)
        assert is_connection_lost(broken.value)
        assert wait_until(lambda: current.is_published() == (lost == "reply"), limit_seconds=30)

        retried = publish_attempt(Run("new", "publish", "all", current.warehouse.settings), token=current.token)

    assert retried.is_nothing_new == (lost == "reply")
    assert current.is_published()
    assert (readers.faults, readers.reads > 0) == ([], True)
