"""Checks that look at tables alone, whether staging or what is published: names without schema mean either.

Offenders are named without personal values.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple, get_args

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.contract import Contract
from batch_etl.errors import ConfigurationError
from batch_etl.quality import CheckResult
from batch_etl.quarantine.masking import masked_row, names_in_warehouse, personal_names
from batch_etl.settings import Settings
from batch_etl.stores.contract_tables import hidden_columns, table_of, table_stands
from batch_etl.stores.difference import read_table
from batch_etl.stores.loads import Load
from batch_etl.stores.warehouse import fetch_rows
from monitoring.found_rows import find_rows
from monitoring.measured_tables import Measured

_HEADER = re.compile(r"^-- (Severity|Sales): (.+?)\s*$", re.MULTILINE)


class Check(NamedTuple):
    """A file of sql/checks. is_local: it looks at touched sales only."""

    file: Path
    text: str
    severity: quality.Severity
    is_local: bool


def check_tables(
    cursor: Cursor,
    settings: Settings,
    contracts: Mapping[str, Contract],
    touched: AbstractContextManager[None] | None = None,
) -> list[CheckResult]:
    """The checks of sql/checks.

    touched  in which fct_sale means the rows on which a publish has an effect: for checks that say so. None: all rows
    """
    tables = [read_table(cursor, name) for name in map(table_of, contracts) if table_stands(cursor, name)]
    hidden = (hidden_columns(table.name, table.columns, contracts) for table in tables)
    personal = names_in_warehouse(contracts.values()).union(*hidden)
    checks = read_checks(settings)
    found = {check.file: _find(cursor, check, personal) for check in checks if not check.is_local}
    with touched or nullcontext():
        found |= {check.file: _find(cursor, check, personal) for check in checks if check.is_local}
    return [found[check.file] for check in checks]


def text_of_touched(settings: Settings) -> str:
    """All that the checks say which look at touched sales only: who has another text has not audited what stays."""
    return "\n".join(check.text for check in read_checks(settings) if check.is_local)


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


def _find(cursor: Cursor, check: Check, personal: Collection[str]) -> CheckResult:
    found, offenders = find_rows(cursor, check.file, check.text, personal)
    return quality.judge_offenders(check.file.stem, check.severity, found, offenders)


def read_checks(settings: Settings) -> list[Check]:
    """The checks of sql/checks, by name. Raises ConfigurationError, which names the faults of all."""
    checks, faults = [], []
    for file in sorted((settings.pipeline_home / "sql/checks").glob("*.sql")):
        try:
            # Some editors begin a file with a mark of its encoding.
            text = file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            faults.append(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8")
            continue
        header = dict(_HEADER.findall(text))
        faults += [f"{file}: {fault}" for fault in _faults(file.stem, header)]
        severity: quality.Severity = "error" if header.get("Severity") == "error" else "warn"
        checks.append(Check(file, text, severity, is_local="Sales" in header))
    if faults:
        raise ConfigurationError(*faults)
    return checks


def _faults(name: str, header: Mapping[str, str]) -> Iterator[str]:
    if quality.is_made_here(name):
        yield "another check has this name; rename the file"
    if header.get("Severity") not in get_args(quality.Severity):
        yield "needs a line '-- Severity: error' or '-- Severity: warn'"
    if header.get("Sales", "touched") != "touched":
        yield f"'-- Sales: {header['Sales']}' must be '-- Sales: touched', or left out for all sales"
