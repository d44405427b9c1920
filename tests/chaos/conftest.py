"""A warehouse with an old release, and a new one that waits to be published: what is killed here, is killed in between.

A short form runs with every ./test.sh; CHAOS=full python -m pytest tests/chaos visits every point.
"""

import os
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from psycopg2 import sql

from tests.chaos.readers import Readers
from tests.chaos.staged import Staged
from tests.conftest import statements
from tests.integration.drawn_release import publish
from tests.integration.drawn_star import Sales, stage_star
from tests.integration.pipeline import PROJECT, Pipeline
from tests.server import Server, running_server

OLD: Sales = {
    **{f"S{n:04}": (date(2025, 1, 1) + timedelta(days=n % 50), 1 + n % 7) for n in range(300)},
    **{f"S{n:04}": (date(2025, 4, n % 9 + 1), 4) for n in range(500, 540)},
}
# A month more, one that only got more, a day and sales less, others changed, customers who are new and one who is gone.
NEW: Sales = {
    **{sale: (day, 8 if quantity == 3 else quantity) for sale, (day, quantity) in OLD.items() if sale > "S0020"},
    **{f"S{n:04}": (date(2025, 3, 1) + timedelta(days=n % 20), 1 + n % 9) for n in range(300, 400)},
    **{f"S{n:04}": (date(2025, 4, n % 9 + 7), 5) for n in range(540, 560)},
}
GROWN = """
    SELECT part ->> 'month' FROM audit.runs, JSONB_ARRAY_ELEMENTS(load_manifest -> 'staged') AS part
    WHERE part ->> 'on_top_of' != ''
    """


@pytest.fixture(scope="session")
def is_full() -> bool:
    """Whether every point is visited, or a few of them."""
    return os.environ.get("CHAOS") == "full"


@pytest.fixture(scope="session")
def killable_server() -> Iterator[Server]:
    """A server of this folder's own: the other tests would not like to see theirs killed."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def staged_once(killable_server: Server) -> Staged:
    """Made once, and never connected to afterwards: the template of those that follow."""
    template = new_database(killable_server.dsn, "template0")
    with statements(template) as run:
        run((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))
    warehouse = Pipeline(PROJECT, template)
    publish(warehouse, "old", stage_star(warehouse, "old", OLD))
    token = stage_star(warehouse, "new", NEW, onto=OLD)
    assert warehouse.query(GROWN) == [("2025-04",)]
    after = Pipeline(PROJECT, new_database(killable_server.dsn, warehouse.database))
    old = Staged(after, token).state()
    publish(after, "new", token)
    return Staged(warehouse, token, old, Staged(after, token).state())


@pytest.fixture
def staged(staged_once: Staged, killable_server: Server) -> Callable[[], Staged]:
    """Make another copy of it."""

    def copy() -> Staged:
        dsn = new_database(killable_server.dsn, staged_once.warehouse.database)
        return Staged(Pipeline(PROJECT, dsn), staged_once.token, staged_once.old, staged_once.new)

    return copy


@pytest.fixture
def reading() -> Callable[[Staged], Readers]:
    """Readers of a warehouse that know what they may see."""
    return lambda staged: Readers(staged.warehouse.dsn, [staged.old.rows, staged.new.rows])


def new_database(dsn: str, template: str) -> str:
    name = f"chaos_{os.urandom(6).hex()}"
    with statements(dsn) as run:
        run(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    return dsn.rsplit("/", 1)[0] + f"/{name}"
