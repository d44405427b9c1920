"""The rules of the contracts as conditions of SQL."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.contract import Column, Contract
from batch_etl.stores.contract_tables import STAR_TABLES, table_of
from monitoring.patterns import differs_from

# The unknown member of a dimension comes from no source.
_OF_SOURCES = {"customers": sql.SQL("customer_key != -1"), "products": sql.SQL("product_key != -1")}


@dataclass(frozen=True)
class Rule:
    """One rule about a column. is_broken is true for a row that breaks it; a null is broken only by "missing"."""

    name: str
    is_broken: sql.Composed
    warns_only: bool = False


def rules_of_table(
    cursor: Cursor, dataset: str, contracts: Mapping[str, Contract], held: Collection[str]
) -> dict[str, Rule]:
    """Every rule about the columns that the table has, by the column's name and its own. held: these columns."""
    contract = contracts[dataset]
    known_by = _known_by(contract, contracts, dimensions_of(dataset, held))
    differs = partial(differs_from, cursor, sql.Identifier(table_of(dataset).partition(".")[2]))
    return {
        f"{column.name}: {rule.name}": rule
        for column in contract.columns
        if column.name in held
        for rule in _rules_of(column, differs, known_by.get(column.name))
    }


def _rules_of(
    column: Column, differs: Callable[[str, str], sql.Composed], known_by: sql.Identifier | None
) -> Iterator[Rule]:
    """Every rule about a column that its contract knows, as a condition.

    differs   the condition that a value of the column of this name is something else than a pattern says
    known_by  key of the dimension whose number the column repeats, if that keeps the same pattern
    """
    name = sql.Identifier(column.name)
    if column.is_required:
        yield Rule("missing", sql.SQL("{} IS NULL").format(name))
    if column.pattern is not None:
        is_broken = differs(column.name, column.pattern)
        # That the number is that of the dimension's row is seen where references are checked: comparing is cheap.
        unknown = sql.SQL("{} = -1 AND ({})").format(known_by, is_broken) if known_by else is_broken
        yield Rule("does not match the pattern", unknown)
    for limit, comparison, what in ((column.minimum, "<", "below"), (column.maximum, ">", "above")):
        if limit is not None:
            condition = sql.SQL("{} {} CAST({} AS {})")
            # physical_type is one of the few that the contract reader lets pass.
            kind = sql.SQL(column.physical_type)
            is_broken = condition.format(name, sql.SQL(comparison), sql.Literal(limit), kind)
            yield Rule(f"{what} {limit}", is_broken)
    if column.kind == "decimal" and column.maximum is None:
        # To PostgreSQL it is above every number, so where there is a maximum it is above that.
        yield Rule("not a number", sql.SQL("{} = 'NaN'").format(name))
    for length, comparison, what in ((column.min_length, "<", "shorter than"), (column.max_length, ">", "longer than")):
        if length is not None:
            is_broken = sql.SQL("CHAR_LENGTH({}) {} {}").format(name, sql.SQL(comparison), sql.Literal(length))
            yield Rule(f"{what} {length}", is_broken)
    if column.allowed_values:
        is_broken = sql.SQL("{}::text != ALL({})").format(name, sql.Literal(list(column.allowed_values)))
        yield Rule("not an allowed value", is_broken, column.warns_only)


def dimensions_of(dataset: str, held: Collection[str]) -> list[str]:
    """The dimensions that a table of these columns points at, by a key of theirs."""
    if dataset not in STAR_TABLES:
        return []
    others = [
        table for table in STAR_TABLES.values() if table.startswith("core.dim_") and table != STAR_TABLES[dataset]
    ]
    names = [table.removeprefix("core.dim_") for table in others]
    return [name for name in names if f"{name}_key" in held]


def of_sources(dataset: str) -> sql.SQL:
    """What holds for the rows of its table that come from a source."""
    return _OF_SOURCES.get(dataset, sql.SQL("TRUE"))


def key_of(dimension: str) -> sql.Identifier:
    return sql.Identifier(f"{dimension}_key")


def _known_by(
    contract: Contract, contracts: Mapping[str, Contract], dimensions: Collection[str]
) -> dict[str, sql.Identifier]:
    """Columns that repeat the number of a dimension's row, under the same pattern, with the key that points at it."""
    names = {f"{name}s": name for name in dimensions}
    return {
        column: key_of(names[dataset])
        for column, (dataset, target) in contract.references.items()
        if dataset in names
        and dataset in contracts
        and column == target
        and contracts[dataset].column(target).pattern == contract.column(column).pattern
    }
