"""The tables that hold the datasets, each measured in one pass, and the rules of the contracts over them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
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


@dataclass(frozen=True)
class Measured:
    """What one look at a dataset's table told.

    rows     all of them, the unknown member of a dimension too
    records  those of them that come from a source
    cents    of the amount that the ledger adds up, over these records; 0 where it adds up none
    unknown  dimension -> records that point at its unknown member
    broken   rule -> records that break it
    """

    rows: int
    records: int
    cents: int
    unknown: Mapping[str, int]
    broken: Mapping[str, int]


def measure_tables(cursor: Cursor, contracts: Mapping[str, Contract]) -> dict[str, Measured]:
    """Of each dataset that is modelled. Tables are met under their name alone: staging or what is published."""
    return {dataset: _measure(cursor, dataset, contracts) for dataset in sorted(TABLES.keys() & contracts.keys())}


def check_contracts(
    cursor: Cursor, contracts: Mapping[str, Contract], measured: Mapping[str, Measured]
) -> list[CheckResult]:
    """One check a dataset that was measured."""
    return [_check(cursor, dataset, contracts, told) for dataset, told in measured.items()]


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


def _measure(cursor: Cursor, dataset: str, contracts: Mapping[str, Contract]) -> Measured:
    contract, of_sources = contracts[dataset], _OF_SOURCES[dataset]
    held = read_table(cursor, TABLES[dataset]).columns
    unknown = _dimensions_of(dataset, held)
    rules = _rules(dataset, contracts, held)
    count = sql.SQL("COUNT(*) FILTER (WHERE {} AND ({}))")
    amount = sql.Identifier(contract.ledger_amount) if contract.ledger_amount else sql.SQL("0")
    asked = [
        sql.SQL("COUNT(*)"),
        sql.SQL("COUNT(*) FILTER (WHERE {})").format(of_sources),
        sql.SQL("COALESCE(SUM({}) FILTER (WHERE {})::numeric * 100, 0)::bigint").format(amount, of_sources),
        *(count.format(of_sources, sql.SQL("{} = -1").format(_key_of(name))) for name in unknown),
        *(count.format(of_sources, rule.is_broken) for rule in rules.values()),
    ]
    cursor.execute(sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(asked), _view(dataset)))
    rows, records, cents, *found = cursor.fetchone() or ()
    counts = dict(zip((*unknown, *rules), found, strict=True))
    unknown_counts = {name: counts.pop(name) for name in unknown}
    return Measured(rows, records, cents, unknown_counts, counts)


def _check(cursor: Cursor, dataset: str, contracts: Mapping[str, Contract], measured: Measured) -> CheckResult:
    table = read_table(cursor, TABLES[dataset])
    rules = _rules(dataset, contracts, table.columns)
    offenders = [
        {"rule": name, "rows": count, "keys": _keys(cursor, dataset, table.key, rules[name])}
        for name, count in measured.broken.items()
        if count
    ]
    is_warning = all(rules[str(offender["rule"])].warns_only for offender in offenders)
    return quality.judge_contract(dataset, measured.records, offenders, is_warning=bool(offenders) and is_warning)


def _rules(dataset: str, contracts: Mapping[str, Contract], held: Collection[str]) -> dict[str, Rule]:
    """Every rule about the columns that the table has, by the column's name and its own. held: these columns."""
    contract = contracts[dataset]
    known_by = _known_by(contract, contracts)
    return {
        f"{column.name}: {rule.name}": rule
        for column in contract.columns
        if column.name in held
        for rule in rules_of(column, known_by.get(column.name))
    }


def _dimensions_of(dataset: str, held: Collection[str]) -> list[str]:
    """The dimensions that a table of these columns points at, by a key of theirs."""
    others = [table for table in TABLES.values() if table.startswith("core.dim_") and table != TABLES[dataset]]
    names = [table.removeprefix("core.dim_") for table in others]
    return [name for name in names if f"{name}_key" in held]


def _key_of(dimension: str) -> sql.Identifier:
    return sql.Identifier(f"{dimension}_key")


def _view(dataset: str) -> sql.Identifier:
    return sql.Identifier(TABLES[dataset].partition(".")[2])


def _known_by(contract: Contract, contracts: Mapping[str, Contract]) -> dict[str, sql.Identifier]:
    """Columns that repeat the number of a dimension's row, under the same pattern, with the key that points at it."""
    return {
        column: _key_of(TABLES[dataset].removeprefix("core.dim_"))
        for column, (dataset, target) in contract.references.items()
        if dataset in TABLES
        and dataset in contracts
        and column == target
        and contracts[dataset].column(target).pattern == contract.column(column).pattern
    }


def _whole(pattern: str) -> str:
    """A pattern that holds for a whole value. One that says so itself is left: a group more costs a third more."""
    is_anchored = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
    return pattern if is_anchored and "|" not in pattern else f"^(?:{pattern})$"


def _keys(cursor: Cursor, dataset: str, key: Sequence[str], rule: Rule) -> list[dict[str, object]]:
    names = sql.SQL(", ").join(map(sql.Identifier, key))
    query = sql.SQL("SELECT {} FROM {} WHERE {} AND ({}) LIMIT 5")
    return fetch_rows(cursor, query.format(names, _view(dataset), _OF_SOURCES[dataset], rule.is_broken))
