"""Checks that look at tables alone, whether staging or what is published: names without schema mean either."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import get_args

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.errors import ConfigurationError
from batch_etl.quality import CheckResult
from batch_etl.settings import Settings
from batch_etl.stores.difference import read_table
from batch_etl.stores.warehouse import fetch_rows
from monitoring.contract_checks import Measured

_SEVERITY = re.compile(r"^-- Severity: (\w+)$", re.MULTILINE)


def check_tables(cursor: Cursor, settings: Settings) -> list[CheckResult]:
    """The checks of sql/checks."""
    files = sorted((settings.pipeline_home / "sql/checks").glob("*.sql"))
    return [quality.judge_offenders(file.stem, _severity(file), fetch_rows(cursor, file.read_text())) for file in files]


def check_unknown(measured: Mapping[str, Measured], settings: Settings) -> CheckResult:
    """Not too many sales point at the unknown customer or product."""
    sales = measured["sales"]
    return quality.judge_unknown_share(sales.records, sales.unknown, limit=settings.config.quality.max_unknown_share)


def check_keys(cursor: Cursor, tables: Iterable[str]) -> list[CheckResult]:
    """No key of these tables, schema and name, is missing or double.

    Staging has no constraint yet but on months: one with a double key was not loaded.
    """
    statement = sql.SQL("SELECT {key}, COUNT(*) AS n FROM {view} GROUP BY {key} HAVING COUNT(*) > 1 OR {null} LIMIT 10")
    results = []
    for table in tables:
        known = read_table(cursor, table)
        if known.month_column is not None:
            continue
        columns = [sql.Identifier(column) for column in known.key]
        null = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(column) for column in columns)
        view = sql.Identifier(table.partition(".")[2])
        query = statement.format(key=sql.SQL(", ").join(columns), view=view, null=null)
        results.append(quality.judge_keys(table, fetch_rows(cursor, query)))
    return results


def _severity(file: Path) -> quality.Severity:
    match = _SEVERITY.search(file.read_text(encoding="utf-8"))
    if match is None or match[1] not in get_args(quality.Severity):
        raise ConfigurationError(f"{file}: needs a line '-- Severity: error' or '-- Severity: warn'")
    return "error" if match[1] == "error" else "warn"
