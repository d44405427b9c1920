"""Checks that look at tables alone, whether staging or what is published: names without schema mean either.

Offenders are named without personal values.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, get_args

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.contract import Contract
from batch_etl.errors import ConfigurationError
from batch_etl.quality import CheckResult
from batch_etl.quarantine.masking import masked_row, personal_names
from batch_etl.settings import Settings
from batch_etl.stores.difference import read_table
from batch_etl.stores.loads import Load
from batch_etl.stores.warehouse import fetch_rows, quotes_a_value, what_failed
from monitoring.measured_tables import Measured

_HEADER = re.compile(r"^-- (Severity|Sales): (.+)$", re.MULTILINE)


def check_tables(
    cursor: Cursor,
    settings: Settings,
    contracts: Mapping[str, Contract],
    touched: AbstractContextManager[None] | None = None,
) -> list[CheckResult]:
    """The checks of sql/checks.

    touched  in which fct_sale means the rows on which a publish has an effect: for checks that say so. None: all rows
    """
    personal = personal_names(contracts.values())
    headers = _read_headers(settings)
    found = _offenders(cursor, [file for file, (_, is_local) in headers.items() if not is_local], personal)
    with touched or nullcontext():
        found |= _offenders(cursor, [file for file, (_, is_local) in headers.items() if is_local], personal)
    return [quality.judge_offenders(file.stem, severity, found[file]) for file, (severity, _) in headers.items()]


def text_of_touched(settings: Settings) -> str:
    """All that the checks say which look at touched sales only: who has another text has not audited what stays."""
    headers = _read_headers(settings).items()
    return "\n".join(file.read_text(encoding="utf-8") for file, (_, is_local) in headers if is_local)


def check_unknown(measured: Mapping[str, Measured], settings: Settings) -> CheckResult:
    """Not too many sales point at the unknown customer or product."""
    sales = measured["sales"]
    return quality.judge_unknown_share(sales.records, sales.unknown, limit=settings.config.quality.max_unknown_share)


def check_keys(cursor: Cursor, load: Load, contracts: Mapping[str, Contract]) -> list[CheckResult]:
    """No key of the tables of a load is missing or double.

    Staging has no constraint yet but on months: one with a double key was not loaded. A table that stays has its own.
    """
    statement = sql.SQL(
        "SELECT {key}, COUNT(*) AS n, COUNT(*) OVER () AS _found FROM {view} "
        "GROUP BY {key} HAVING COUNT(*) > 1 OR {null} LIMIT 10"
    )
    results, personal = [], personal_names(contracts.values())
    for table in load.mart.rows:
        known = read_table(cursor, table)
        if known.month_column is not None:
            continue
        if load.keeps(table):
            results.append(quality.judge_keys(table, 0, []))
            continue
        columns = [sql.Identifier(column) for column in known.key]
        null = sql.SQL(" OR ").join(sql.SQL("{} IS NULL").format(column) for column in columns)
        view = sql.Identifier(table.partition(".")[2])
        query = statement.format(key=sql.SQL(", ").join(columns), view=view, null=null)
        offenders = [masked_row(row, personal) for row in fetch_rows(cursor, query)]
        found = max((row.pop("_found") for row in offenders), default=0)
        results.append(quality.judge_keys(table, found, offenders))
    return results


def _offenders(cursor: Cursor, files: Iterable[Path], personal: Collection[str]) -> dict[Path, list[dict[str, Any]]]:
    return {file: [masked_row(row, personal) for row in _rows_of(cursor, file)] for file in files}


def _rows_of(cursor: Cursor, file: Path) -> list[dict[str, Any]]:
    """The rows that a check finds. It may only read: in a savepoint, since the transaction around it has to write."""
    cursor.execute("SAVEPOINT check_reads; SET LOCAL transaction_read_only = on")
    try:
        rows = fetch_rows(cursor, file.read_text(encoding="utf-8"))
    except psycopg2.OperationalError:
        raise
    except psycopg2.Error as error:
        # Where no value of a row is quoted, the line is one of the check.
        told = what_failed(error) if quotes_a_value(error) else " ".join(str(error).split())
        raise ConfigurationError(f"{file}: {told}; mend the check") from None
    except (ValueError, OverflowError) as error:
        # As of a day before Christ, which Python has no date for.
        raise ConfigurationError(f"{file}: a value that is found cannot be read: {error}; cast it to text") from None
    cursor.execute("ROLLBACK TO SAVEPOINT check_reads; RELEASE SAVEPOINT check_reads")
    return rows


def _read_headers(settings: Settings) -> dict[Path, tuple[quality.Severity, bool]]:
    return {file: _read_header(file) for file in sorted((settings.pipeline_home / "sql/checks").glob("*.sql"))}


def _read_header(file: Path) -> tuple[quality.Severity, bool]:
    """The severity of a check, and whether it looks at touched sales only."""
    header = dict(_HEADER.findall(file.read_text(encoding="utf-8")))
    severity, sales = header.get("Severity"), header.get("Sales", "all")
    if severity not in get_args(quality.Severity):
        raise ConfigurationError(f"{file}: needs a line '-- Severity: error' or '-- Severity: warn'")
    if sales not in ("all", "touched"):
        raise ConfigurationError(f"{file}: '-- Sales: {sales}' must be '-- Sales: touched', or left out for all sales")
    return "error" if severity == "error" else "warn", sales == "touched"
