"""The tables that every contender fills, and what is added up of them to compare the contenders."""

import uuid
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql

_CREATE_TABLES = Path(__file__).resolve().parents[2] / "sql/create_tables.sql"
# Table -> its place in the warehouse, and a figure that is added up beside its rows.
_TABLES = {
    "dim_customer": ("core", "COUNT(DISTINCT customer_id)"),
    "dim_product": ("core", "SUM(cost_usd)"),
    "fct_sale": ("core", "SUM(net_usd)"),
    "daily_sales": ("marts", "SUM(customers)"),
    "monthly_sales": ("marts", "SUM(orders)"),
    "region_sales": ("marts", "SUM(customers)"),
    "category_sales": ("marts", "SUM(margin_usd)"),
    "product_performance": ("marts", "SUM(margin_usd)"),
    "customer_value": ("marts", "SUM(recency_score * net_usd)"),
    "cohort_retention": ("marts", "SUM(months_since * orders)"),
}


def make_database(dsn: str) -> str:
    """A database with the warehouse's tables, and beside them, in the schema bench, the same ones for the others.

    Theirs have the same columns, keys and checks, and neither partitions nor foreign keys.
    """
    name = f"bench_{uuid.uuid4().hex[:8]}"
    run_statements(dsn, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = dsn.rsplit("/", 1)[0] + f"/{name}"
    like = [
        sql.SQL("CREATE TABLE bench.{} (LIKE {} INCLUDING ALL)").format(
            sql.Identifier(table), sql.Identifier(schema, table)
        )
        for table, (schema, _) in _TABLES.items()
    ]
    quarantine = "CREATE TABLE bench.quarantine (dataset text, record_number bigint, reasons text)"
    create_tables = _CREATE_TABLES.read_text(encoding="utf-8")
    run_statements(database, create_tables, "CREATE SCHEMA bench", *like, quarantine)
    return database


def drop_database(server: str, dsn: str) -> None:
    run_statements(server, sql.SQL("DROP DATABASE {}").format(sql.Identifier(dsn.rsplit("/", 1)[1])))


def totals(dsn: str) -> dict[str, str]:
    """Rows and a figure of each table, wherever it was filled."""
    told = {}
    for table, (schema, figure) in _TABLES.items():
        told[table] = _told(dsn, figure, [(schema, table), ("bench", table)])
    told["quarantine"] = _told(dsn, "COUNT(DISTINCT dataset)", [("quarantine", "records"), ("bench", "quarantine")])
    return told


def run_statements(dsn: str, *statements: str | sql.Composable) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def _told(dsn: str, figure: str, places: list[tuple[str, str]]) -> str:
    query = sql.SQL(f"SELECT COUNT(*), {figure} FROM {{}}")
    with closing(psycopg2.connect(dsn)) as connection, connection.cursor() as cursor:
        for place in places:
            cursor.execute(query.format(sql.Identifier(*place)))
            rows, total = cursor.fetchone() or (0, None)
            if rows:
                return f"{rows} rows, {total}"
    return "empty"
