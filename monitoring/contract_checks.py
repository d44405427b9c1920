"""Do the rows of the datasets' tables keep the rules of their contracts, and is there what they refer to?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.contract import Contract
from batch_etl.quality import CheckResult
from batch_etl.quarantine.masking import masked_row, personal_names
from batch_etl.stores.contract_tables import own_datasets, table_of
from batch_etl.stores.difference import read_table
from batch_etl.stores.warehouse import fetch_rows
from monitoring.contract_rules import Rule, of_sources, rules_of_table
from monitoring.measured_tables import Measured

_DEAD = sql.SQL("""
    SELECT {shown}, COUNT(*) OVER () AS _found
    FROM {rows} AS referring
    WHERE referring.{column} IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM {others} AS referred WHERE referred.{to_column} = referring.{column} AND {is_of_source}
    )
    LIMIT 5
    """)


def check_contracts(
    cursor: Cursor, contracts: Mapping[str, Contract], measured: Mapping[str, Measured]
) -> list[CheckResult]:
    """One check a dataset that was measured; offenders are named without personal values."""
    return [_check(cursor, dataset, contracts, told) for dataset, told in measured.items()]


def check_references(
    cursor: Cursor, contracts: Mapping[str, Contract], measured: Mapping[str, Measured]
) -> list[CheckResult]:
    """One check a dataset with a table of its own that refers to others; fct_sale_references sees to those of sales."""
    referring = [dataset for dataset in own_datasets(measured) if contracts[dataset].references]
    return [
        quality.judge_references(
            dataset, measured[dataset].records, list(_dead_references(cursor, dataset, contracts, measured))
        )
        for dataset in referring
    ]


def _dead_references(
    cursor: Cursor, dataset: str, contracts: Mapping[str, Contract], measured: Mapping[str, Measured]
) -> Iterator[dict[str, Any]]:
    """The columns of which some value is not there in the column that they refer to; the next start makes new ones."""
    table, personal = read_table(cursor, table_of(dataset)), personal_names(contracts.values())
    for column, (to_dataset, to_column) in contracts[dataset].references.items():
        is_there = to_dataset in measured and to_column in read_table(cursor, table_of(to_dataset)).columns
        if not is_there or column not in table.columns:
            continue
        query = _DEAD.format(
            shown=sql.SQL(", ").join(map(sql.Identifier, dict.fromkeys([*table.key, column]))),
            rows=_view(dataset),
            column=sql.Identifier(column),
            others=_view(to_dataset),
            to_column=sql.Identifier(to_column),
            is_of_source=of_sources(to_dataset),
        )
        rows = fetch_rows(cursor, query)
        if rows:
            found = max(row.pop("_found") for row in rows)
            keys = [masked_row(row, personal) for row in rows]
            yield {"column": column, "refers_to": f"{to_dataset}.{to_column}", "rows": found, "keys": keys}


def _check(cursor: Cursor, dataset: str, contracts: Mapping[str, Contract], measured: Measured) -> CheckResult:
    table = read_table(cursor, table_of(dataset))
    # Of a pattern that PostgreSQL has no words for they read the whole column.
    rules = rules_of_table(cursor, dataset, contracts, table.columns) if measured.broken else {}
    personal = personal_names(contracts.values())
    # People know a record by its contract's key; where that is personal, the table's own is left.
    held = [name for name in contracts[dataset].key if name in table.columns]
    key = list(dict.fromkeys([*held, *table.key]))
    offenders = []
    for name, count in measured.broken.items():
        keys = [masked_row(key, personal) for key in _keys(cursor, dataset, key, rules[name])]
        offenders.append({"rule": name, "rows": count, "keys": keys})
    is_warning = all(rules[str(offender["rule"])].warns_only for offender in offenders)
    return quality.judge_contract(dataset, measured.records, offenders, is_warning=bool(offenders) and is_warning)


def _keys(cursor: Cursor, dataset: str, key: Sequence[str], rule: Rule) -> list[dict[str, object]]:
    names = sql.SQL(", ").join(map(sql.Identifier, key))
    query = sql.SQL("SELECT {} FROM {} WHERE {} AND ({}) LIMIT 5")
    return fetch_rows(cursor, query.format(names, _view(dataset), of_sources(dataset), rule.is_broken))


def _view(dataset: str) -> sql.Identifier:
    """The dataset's table, whether staging or what is published."""
    return sql.Identifier(table_of(dataset).partition(".")[2])
