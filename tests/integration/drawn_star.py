"""A small star and a mart of it, staged as the loader does it and a function of its sales alone: no Spark."""

from collections.abc import Mapping
from contextlib import closing
from datetime import date

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import claim
from batch_etl.stores.difference import read_table
from batch_etl.stores.loads import Load, StagedPart, in_parts
from batch_etl.stores.mart import Manifest
from batch_etl.stores.part_copy import create_part, finish_part
from batch_etl.stores.staging import open_staging, staging_table
from tests.integration.pipeline import Pipeline

SALES = "core.fct_sale"
TABLES = (SALES, "core.dim_customer", "core.dim_product", "core.dim_date", "marts.daily_sales")
# sale -> day and quantity; the number of the customer is that of the quantity.
Sales = Mapping[str, tuple[date, int]]

_FILL = {
    SALES: """
        SELECT sale_id, sold_on, sold_on, quantity, 1, 'C' || quantity, 'P1', quantity, 2, 0,
            2 * quantity, 0, 2 * quantity, 'north', 'card'
        FROM sale
        """,
    "core.dim_customer": """
        SELECT DISTINCT quantity, 'C' || quantity, 'Name ' || quantity, 'a@b.c', '+4912345678', 'Bonn', 'DE',
            'consumer', '2024-01-01'::date, '1900-01-01'::timestamptz, '9999-12-31'::timestamptz, TRUE
        FROM sale
        """,
    "core.dim_product": """
        SELECT 1, 'P1', 'Thing', 'home', 2, 1, 5, 'Maker', '1900-01-01'::timestamptz, '9999-12-31'::timestamptz, TRUE
        """,
    "core.dim_date": "SELECT DISTINCT sold_on, 2025, 1, 1, 'x', 1, 1, 1, 'x', FALSE FROM sale",
    "marts.daily_sales": """
        SELECT sold_on, COUNT(*), SUM(quantity), COUNT(DISTINCT quantity), 2 * SUM(quantity), 0, 2 * SUM(quantity)
        FROM sale GROUP BY sold_on
        """,
}


def stage_star(warehouse: Pipeline, run_key: str, sales: Sales, *, batches: tuple[str, ...] = ("b1",)) -> int:
    """Claim a run, stage the star of these sales and mark it audited; returns the token."""
    with closing(psycopg2.connect(warehouse.dsn)) as connection:
        token = claim.claim(connection, run_key)
        with connection, connection.cursor() as cursor:
            open_staging(cursor, token, TABLES)
            rows = _fill(cursor, token, sales)
            months = _stage_months(cursor, token)
        fingerprint = f"star of {hash(tuple(sorted(sales.items())))}"
        claim.mark_loaded(connection, run_key, token, Load(Manifest(fingerprint, {"sales": batches}, rows), months))
        with connection, connection.cursor() as cursor:
            claim.advance(cursor, run_key, token, state="audited")
    return token


def _fill(cursor: Cursor, token: int, sales: Sales) -> dict[str, int]:
    cursor.execute("CREATE TEMP TABLE sales (LIKE core.fct_sale) ON COMMIT DROP")
    cursor.execute("CREATE TEMP TABLE sale (sale_id text, sold_on date, quantity int) ON COMMIT DROP")
    rows = [(sale, day, quantity) for sale, (day, quantity) in sales.items()]
    ids, days, quantities = ([row[place] for row in rows] for place in range(3))
    cursor.execute("INSERT INTO sale SELECT * FROM UNNEST(%s::text[], %s::date[], %s::int[])", (ids, days, quantities))
    counts = {}
    for table, select in _FILL.items():
        place = sql.Identifier("sales") if table == SALES else staging_table(table, token)
        cursor.execute(sql.SQL("INSERT INTO {} ").format(place) + sql.SQL(select))
        counts[table] = cursor.rowcount
    return counts


def _stage_months(cursor: Cursor, token: int) -> tuple[StagedPart, ...]:
    """A table for each month of the sales, as the tasks of the loader make them."""
    table, parts = read_table(cursor, SALES), []
    sums = sql.SQL(", ").join(sql.SQL("SUM({})::text").format(sql.Identifier(column)) for column in table.money)
    cursor.execute("SELECT DISTINCT TO_CHAR(sold_on, 'YYYY-MM') FROM sales ORDER BY 1")
    for (month,) in cursor.fetchall():
        name = create_part(cursor, table, month, token)
        within = sql.SQL("FROM sales WHERE {}").format(in_parts(table, [month]))
        cursor.execute(sql.SQL("INSERT INTO staging.{} SELECT * ").format(sql.Identifier(name)) + within)
        rows = cursor.rowcount
        finish_part(cursor, table, month, name)
        cursor.execute(sql.SQL("SELECT {} ").format(sums) + within)
        parts.append(StagedPart(SALES, month, name, rows, dict(zip(table.money, cursor.fetchone() or (), strict=True))))
    return tuple(parts)
