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
from batch_etl.stores.mart_parts import WHOLE
from batch_etl.stores.part_copy import create_part, finish_part
from batch_etl.stores.staging import open_staging
from batch_etl.stores.visible_parts import visible_parts
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


def stage_star(
    warehouse: Pipeline, run_key: str, sales: Sales, *, batches: tuple[str, ...] = ("b1",), onto: Sales | None = None
) -> int:
    """Claim a run, stage the star of these sales and mark it audited; returns the token.

    onto  the sales that are published, where of a month that holds the same ones and more only these more are staged
    """
    months = {month: _of_month(sales, month) for month in _months(sales)}
    before = {month: _of_month(onto or {}, month) for month in months}
    stays = {month: rows for month, rows in before.items() if rows and rows.items() < months[month].items()}
    parts = {SALES: {month: _fingerprint(rows) for month, rows in months.items()}}
    with closing(psycopg2.connect(warehouse.dsn)) as connection:
        token = claim.claim(connection, run_key)
        with connection, connection.cursor() as cursor:
            open_staging(cursor, token, TABLES)
            rows = _compute(cursor, sales)
            whole = [_stage(cursor, table, WHOLE, token) for table in TABLES if table != SALES]
            for standing in stays.values():
                cursor.execute("DELETE FROM pg_temp.fct_sale WHERE sale_id = ANY(%s)", (list(standing),))
            seen = {month: _fingerprint(standing) for month, standing in stays.items()}
            by_month = [_stage(cursor, SALES, month, token, on_top_of=seen.get(month, "")) for month in months]
            since = None if onto is None else visible_parts(cursor)[0]
        mart = Manifest(_fingerprint(sales), {"sales": batches}, rows, parts)
        claim.mark_loaded(connection, run_key, token, Load(mart, (*whole, *by_month), since))
        with connection, connection.cursor() as cursor:
            claim.advance(cursor, run_key, token, state="audited")
    return token


def _months(sales: Sales) -> list[str]:
    return sorted({f"{day:%Y-%m}" for day, _ in sales.values()})


def _of_month(sales: Sales, month: str) -> Sales:
    return {sale: row for sale, row in sales.items() if f"{row[0]:%Y-%m}" == month}


def _fingerprint(sales: Sales) -> str:
    return f"sales {hash(tuple(sorted(sales.items())))}"


def _compute(cursor: Cursor, sales: Sales) -> dict[str, int]:
    """Fill a temporary table for each table of the star; rows by table."""
    cursor.execute("CREATE TEMP TABLE sale (sale_id text, sold_on date, quantity int) ON COMMIT DROP")
    rows = [(sale, day, quantity) for sale, (day, quantity) in sales.items()]
    ids, days, quantities = ([row[place] for row in rows] for place in range(3))
    cursor.execute("INSERT INTO sale SELECT * FROM UNNEST(%s::text[], %s::date[], %s::int[])", (ids, days, quantities))
    counts = {}
    for table, select in _FILL.items():
        names = {"place": _temporary(table), "table": sql.Identifier(*table.split("."))}
        cursor.execute(sql.SQL("CREATE TEMP TABLE {place} (LIKE {table}) ON COMMIT DROP").format(**names))
        cursor.execute(sql.SQL("INSERT INTO {place} ").format(**names) + sql.SQL(select))
        counts[table] = cursor.rowcount
    return counts


def _temporary(table: str) -> sql.Identifier:
    return sql.Identifier("pg_temp", table.partition(".")[2])


def _stage(cursor: Cursor, name: str, month: str, token: int, *, on_top_of: str = "") -> StagedPart:
    """A table for a table, or for one month of it, as the tasks of the loader make them."""
    table = read_table(cursor, name)
    place = create_part(cursor, table, month, token)
    within = sql.SQL("FROM {} WHERE {}").format(_temporary(name), in_parts(table, [month]))
    cursor.execute(sql.SQL("INSERT INTO staging.{} SELECT * ").format(sql.Identifier(place)) + within)
    rows = cursor.rowcount
    finish_part(cursor, table, month, place)
    sums = sql.SQL(", ").join(sql.SQL("SUM({})::text").format(sql.Identifier(column)) for column in table.money)
    cursor.execute(sql.SQL("SELECT {} ").format(sums) + within)
    return StagedPart(name, month, place, rows, dict(zip(table.money, cursor.fetchone() or (), strict=True)), on_top_of)
