"""A mart of one table, drawn and staged as the loader does it: enough to publish, without Spark."""

from contextlib import closing

import psycopg2
from psycopg2 import sql

from batch_etl import claim, release
from batch_etl.settings import ReleaseLimits
from batch_etl.stores.difference import Change
from batch_etl.stores.loads import Load
from batch_etl.stores.mart import Manifest
from batch_etl.stores.staging import open_staging, staging_table
from tests.drawing import read_drawing
from tests.integration.pipeline import Pipeline

LIMITS = ReleaseLimits(kept=30, lock_wait_seconds=60)
MART = "marts.category_sales"
FIRST = """
category | orders | units | net_usd | cost_usd | margin_usd
home     | 2      | 5     | 48.06   | 25.00    | 23.06
toys     | 2      | 3     | 9.00    | 6.00     | 3.00
unknown  | 1      | 1     | 0.09    |          |
"""
# One row more, one changed, one gone, one as it was.
SECOND = """
category | orders | units | net_usd | cost_usd | margin_usd
books    | 1      | 1     | 7.00    | 3.00     | 4.00
home     | 3      | 6     | 58.06   | 30.00    | 28.06
unknown  | 1      | 1     | 0.09    |          |
"""


def stage(
    warehouse: Pipeline,
    run_key: str,
    drawing: str,
    *,
    batches: tuple[str, ...],
    state: str = "audited",
    table: str = MART,
) -> int:
    """Claim a run and stage a drawn mart, as the loader does it; returns the token."""
    names, rows = read_drawing(drawing)
    manifest = Manifest(f"mart of {drawing}", {"sales": batches}, {table: len(rows)})
    with closing(psycopg2.connect(warehouse.dsn)) as connection:
        token = claim.claim(connection, run_key)
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            staging_table(table, token),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(sql.Placeholder() * len(names)),
        )
        with connection, connection.cursor() as cursor:
            open_staging(cursor, token, [table])
            cursor.executemany(insert, rows)
        claim.mark_loaded(connection, run_key, token, Load(manifest, ()))
        with connection, connection.cursor() as cursor:
            claim.advance(cursor, run_key, token, state=state)
    return token


def publish(
    warehouse: Pipeline, run_key: str, token: int, *, limits: ReleaseLimits = LIMITS
) -> tuple[int, list[Change]]:
    with closing(psycopg2.connect(warehouse.dsn)) as connection:
        return release.publish(connection, run_key, token, limits=limits)


def shown(warehouse: Pipeline, drawing: str) -> None:
    warehouse.shows("SELECT * FROM marts.category_sales ORDER BY category", drawing)


def state(warehouse: Pipeline) -> list[object]:
    """Everything that a publish touches, rows that were written again included."""
    return [
        warehouse.row_versions((MART,)),
        *(
            warehouse.query(sql.SQL("SELECT * FROM audit.{} ORDER BY 1, 2").format(sql.Identifier(table)))
            for table in ("runs", "releases", "release_batches", "release_changes", "outbox")
        ),
    ]
