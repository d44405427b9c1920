"""The rules of the contracts over the tables that hold their datasets: set-based, one pass a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.contract import Column, Contract
from batch_etl.quality import CheckResult
from batch_etl.stores.difference import read_table
from batch_etl.stores.warehouse import fetch_rows

# The table of each dataset that is modelled. The unknown member of a dimension comes from no source.
TABLES = {"customers": "core.dim_customer", "products": "core.dim_product", "sales": "core.fct_sale"}
_OF_SOURCES = {
    "customers": sql.SQL("customer_key != -1"),
    "products": sql.SQL("product_key != -1"),
    "sales": sql.SQL("TRUE"),
}


@dataclass(frozen=True)
class Rule:
    """One rule about a column. is_broken is true for a row that breaks it; a null is broken only by "missing"."""

    name: str
    is_broken: sql.Composed
    warns_only: bool = False


def check_contracts(cursor: Cursor, contracts: Mapping[str, Contract]) -> list[CheckResult]:
    """One check a dataset. Tables are met under their name alone: staging or what is published."""
    return [_check(cursor, dataset, contracts) for dataset in sorted(TABLES.keys() & contracts.keys())]


def rules_of(column: Column, known_by: sql.Identifier | None = None) -> Iterator[Rule]:
    """Every rule about a column that its contract knows, as a condition.

    known_by  key of the dimension whose number the column repeats, if that keeps the same pattern
    """
    name = sql.Identifier(column.name)
    if column.is_required:
        yield Rule("missing", sql.SQL("{} IS NULL").format(name))
    if column.pattern is not None:
        is_broken = sql.SQL("{} !~ {}").format(name, sql.Literal(_whole(column.pattern)))
        # That the number is that of the dimension's row is seen where references are checked: comparing is cheap.
        unknown = sql.SQL("{} = -1 AND {}").format(known_by, is_broken) if known_by else is_broken
        yield Rule("does not match the pattern", unknown)
    for limit, comparison, what in ((column.minimum, "<", "below"), (column.maximum, ">", "above")):
        if limit is not None:
            condition = sql.SQL("{} {} CAST({} AS {})")
            # physical_type is one of the few that the contract reader lets pass.
            kind = sql.SQL(column.physical_type)
            is_broken = condition.format(name, sql.SQL(comparison), sql.Literal(limit), kind)
            yield Rule(f"{what} {limit}", is_broken)
    for length, comparison, what in ((column.min_length, "<", "shorter than"), (column.max_length, ">", "longer than")):
        if length is not None:
            is_broken = sql.SQL("CHAR_LENGTH({}) {} {}").format(name, sql.SQL(comparison), sql.Literal(length))
            yield Rule(f"{what} {length}", is_broken)
    if column.allowed_values:
        is_broken = sql.SQL("{}::text != ALL({})").format(name, sql.Literal(list(column.allowed_values)))
        yield Rule("not an allowed value", is_broken, column.warns_only)


def _check(cursor: Cursor, dataset: str, contracts: Mapping[str, Contract]) -> CheckResult:
    contract = contracts[dataset]
    table = read_table(cursor, TABLES[contract.dataset])
    view = sql.Identifier(TABLES[contract.dataset].partition(".")[2])
    of_sources = _OF_SOURCES[contract.dataset]
    columns = [column for column in contract.columns if column.name in table.columns]
    known_by = _known_by(contract, contracts)
    rules = {
        f"{column.name}: {rule.name}": rule
        for column in columns
        for rule in rules_of(column, known_by.get(column.name))
    }
    broken = sql.SQL("COUNT(*) FILTER (WHERE {})")
    counts = sql.SQL(", ").join(broken.format(rule.is_broken) for rule in rules.values())
    query = sql.SQL("SELECT COUNT(*), {} FROM {} WHERE {}").format(counts, view, of_sources)
    cursor.execute(query)
    rows, *found = cursor.fetchone() or (0,)
    offenders = [
        {"rule": name, "rows": count, "keys": _keys(cursor, view, table.key, rules[name], of_sources)}
        for name, count in zip(rules, found, strict=True)
        if count
    ]
    is_warning = all(rules[str(offender["rule"])].warns_only for offender in offenders)
    return quality.judge_contract(contract.dataset, rows, offenders, is_warning=bool(offenders) and is_warning)


def _known_by(contract: Contract, contracts: Mapping[str, Contract]) -> dict[str, sql.Identifier]:
    """Columns that repeat the number of a dimension's row, under the same pattern, with the key that points at it."""
    return {
        column: sql.Identifier(f"{TABLES[dataset].removeprefix('core.dim_')}_key")
        for column, (dataset, target) in contract.references.items()
        if dataset in TABLES
        and dataset in contracts
        and contracts[dataset].column(target).pattern == contract.column(column).pattern
    }


def _whole(pattern: str) -> str:
    """A pattern that holds for a whole value. One that says so itself is left: a group more costs a third more."""
    is_anchored = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
    return pattern if is_anchored and "|" not in pattern else f"^(?:{pattern})$"


def _keys(
    cursor: Cursor, view: sql.Identifier, key: tuple[str, ...], rule: Rule, of_sources: sql.SQL
) -> list[dict[str, object]]:
    names = sql.SQL(", ").join(map(sql.Identifier, key))
    query = sql.SQL("SELECT {} FROM {} WHERE {} AND {} LIMIT 5").format(names, view, of_sources, rule.is_broken)
    return fetch_rows(cursor, query)
