"""What people build on the warehouse is there after ten publishes and two restores."""

from collections.abc import Callable
from contextlib import closing

import psycopg2

from batch_etl.restore import restore
from tests.chaos.conftest import NEW, OLD
from tests.chaos.staged import Staged
from tests.integration.drawn_release import LIMITS, publish
from tests.integration.drawn_star import stage_star
from tests.integration.pipeline import Pipeline


def built_by_hand(warehouse: Pipeline) -> list[list[tuple]]:
    return [
        warehouse.query(statement)
        for statement in (
            "SELECT viewname, definition FROM pg_views WHERE viewname IN ('by_hand', 'on_the_view') ORDER BY 1",
            "SELECT HAS_TABLE_PRIVILEGE('pg_monitor', 'core.fct_sale', 'SELECT')",
            "SELECT indexdef, indisvalid FROM pg_indexes INNER JOIN pg_index "
            "ON indexrelid = FORMAT('%I.%I', schemaname, indexname)::regclass "
            "WHERE indexname IN ('hand_region', 'hand_orders') ORDER BY 1",
            "SELECT oid, relfilenode, OBJ_DESCRIPTION(oid) FROM pg_class WHERE relname = 'daily_sales' "
            "AND relnamespace = 'marts'::regnamespace",
        )
    ]


def test_what_was_built_by_hand_is_there_after_ten_publishes(staged: Callable[[], Staged]) -> None:
    warehouse = staged().warehouse
    for statement in (
        "CREATE VIEW marts.by_hand AS SELECT sold_on, net_usd FROM core.fct_sale",
        "CREATE MATERIALIZED VIEW marts.frozen AS SELECT SUM(net_usd) AS net_usd FROM marts.by_hand",
        "CREATE VIEW marts.on_the_view AS SELECT COUNT(*) AS sales FROM marts.by_hand",
        "CREATE INDEX hand_region ON core.fct_sale (region)",
        "CREATE INDEX hand_orders ON marts.daily_sales (orders)",
        "GRANT SELECT ON core.fct_sale TO pg_monitor",
        "COMMENT ON TABLE marts.daily_sales IS 'ours'",
    ):
        warehouse.query(statement)
    before = built_by_hand(warehouse)

    for number in range(10):
        sales = {sale: row for sale, row in (OLD, NEW)[number % 2].items() if number < 8 or sale > "S0100"}
        publish(warehouse, f"r{number}", stage_star(warehouse, f"r{number}", sales))
    with closing(psycopg2.connect(warehouse.dsn)) as connection:
        for wanted in (1, 5):
            restore(connection, wanted, run_key=f"back to {wanted}", limits=LIMITS)

    assert built_by_hand(warehouse) == before
    assert warehouse.query("SELECT sales FROM marts.on_the_view") == warehouse.query(
        "SELECT COUNT(*) FROM core.fct_sale"
    )
    warehouse.shows(
        "SELECT (SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'core.fct_sale'::regclass) "
        "- (SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'core.hand_region'::regclass) AS missing",
        "missing\n0",
    )
