"""Do the rows of the datasets' tables keep the rules of their contracts?"""

from collections.abc import Mapping, Sequence

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.contract import Contract
from batch_etl.quality import CheckResult
from batch_etl.quarantine.masking import masked_row, personal_names
from batch_etl.stores.contract_tables import table_of
from batch_etl.stores.difference import read_table
from batch_etl.stores.warehouse import fetch_rows
from monitoring.contract_rules import Rule, of_sources, rules_of_table
from monitoring.measured_tables import Measured


def check_contracts(
    cursor: Cursor, contracts: Mapping[str, Contract], measured: Mapping[str, Measured]
) -> list[CheckResult]:
    """One check a dataset that was measured; offenders are named without personal values."""
    return [_check(cursor, dataset, contracts, told) for dataset, told in measured.items()]


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
    names, view = sql.SQL(", ").join(map(sql.Identifier, key)), sql.Identifier(table_of(dataset).partition(".")[2])
    query = sql.SQL("SELECT {} FROM {} WHERE {} AND ({}) LIMIT 5")
    return fetch_rows(cursor, query.format(names, view, of_sources(dataset), rule.is_broken))
