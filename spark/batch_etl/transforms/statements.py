"""The queries of sql/transformations: what each reads, and so which comes before which."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import sqlglot
from sqlglot import expressions
from sqlglot.errors import ParseError

from batch_etl.contracts.columns import LONGEST_NAME
from batch_etl.errors import ConfigurationError
from batch_etl.transforms.rollups import ROLLUPS

_BY_MONTH = re.compile(r"^-- Computed: for each month of (\w+)\.$", re.MULTILINE)
# What queries know without a file of their own: a month of each is a function of this month's sales.
SALES_BY_MONTH = {"fct_sale": "core.fct_sale", **{name: f"lake.{name}" for name in ROLLUPS}}


@dataclass(frozen=True)
class Statement:
    """A query and the table that it makes.

    reads         tables, by the names under which queries know them
    month_column  of its rows, where each month is computed from the sales of this month alone; else None
    """

    name: str
    text: str
    reads: frozenset[str]
    month_column: str | None

    @property
    def table(self) -> str:
        return f"marts.{self.name}"


def parse_statement(name: str, text: str) -> Statement:
    """Raises ConfigurationError where the text is not one query of Spark SQL."""
    try:
        (query,) = sqlglot.parse(text, read="spark")
    except (ParseError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(f"sql/transformations/{name}.sql: not one query of Spark SQL: {reason}") from None
    if query is None:
        raise ConfigurationError(f"sql/transformations/{name}.sql: holds no query")
    own = {expression.alias_or_name for expression in query.find_all(expressions.CTE)}
    reads = frozenset(table.name for table in query.find_all(expressions.Table)) - own
    month = _BY_MONTH.search(text)
    return Statement(name, text, reads, month[1] if month else None)


def in_order(statements: Sequence[Statement], star: Sequence[str]) -> list[Statement]:
    """Each query after those whose tables it reads.

    star  names of the tables that are there before any query

    Raises ConfigurationError for a table that nothing makes, a name that is taken or too long, queries that wait for
    each other, and one that is computed by month and reads what is not.
    """
    by_name = {statement.name: statement for statement in statements}
    faults = [fault for statement in statements for fault in _faults(statement, by_name, star)]
    if faults:
        raise ConfigurationError(*faults)
    waiting = TopologicalSorter({name: sorted(by_name[name].reads - {*star}) for name in sorted(by_name)})
    try:
        return [by_name[name] for name in waiting.static_order()]
    except CycleError as error:
        circle = " reads ".join(reversed(error.args[1]))
        raise ConfigurationError(f"sql/transformations: queries wait for each other: {circle}") from None


def in_turns(statements: Sequence[Statement]) -> list[list[Statement]]:
    """Queries in order, those together of which none reads what another one makes."""
    turns: list[list[Statement]] = []
    waiting = list(statements)
    while waiting:
        unmade = {statement.name for statement in waiting}
        turns.append([statement for statement in waiting if not statement.reads & unmade])
        waiting = [statement for statement in waiting if statement.reads & unmade]
    return turns


def _faults(statement: Statement, by_name: Mapping[str, Statement], star: Sequence[str]) -> list[str]:
    known = {*by_name, *star}
    file = f"sql/transformations/{statement.name}.sql"
    faults = [
        f"{file}: reads {table}, which nothing makes; there are {', '.join(sorted(known))}"
        for table in sorted(statement.reads - known)
    ]
    if statement.name in star:
        faults.append(f"{file}: queries know another table by this name; give it one of its own")
    if len(statement.name) > LONGEST_NAME:
        faults.append(f"{file}: its name is longer than {LONGEST_NAME} characters; shorten it")
    if statement.month_column is not None:
        # A dimension may change under a month whose sales stay as they are.
        others = {name for name in statement.reads & known if not _is_by_month(name, by_name)}
        faults += [f"{file}: is computed by month and reads {table}, which is not" for table in sorted(others)]
    return faults


def _is_by_month(name: str, by_name: Mapping[str, Statement]) -> bool:
    return name in SALES_BY_MONTH or (name in by_name and by_name[name].month_column is not None)
