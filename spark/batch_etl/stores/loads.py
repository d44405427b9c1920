"""What an attempt staged: the parts of a mart that differ from what readers see, and the parts that stay."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any, Self

from psycopg2 import sql

from batch_etl.stores.difference import Table
from batch_etl.stores.mart import Manifest
from batch_etl.stores.mart_parts import WHOLE
from batch_etl.stores.visible_parts import Parts


@dataclass(frozen=True)
class StagedPart:
    """A table of the mart, or one month of it, in staging.

    month      as 2025-03, or WHOLE
    name       of its table in the schema staging
    sums       of its columns in US dollars
    on_top_of  fingerprint of the rows of this part that readers see and that stay; '' where what is staged is all
    """

    table: str
    month: str
    name: str
    rows: int
    sums: Mapping[str, str]
    on_top_of: str = ""

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier("staging", self.name)


@dataclass(frozen=True)
class Load:
    """What an attempt loaded.

    mart            everything that readers will see
    parts           what is in staging of it
    since           the release whose other parts stay as they are; None where everything is in staging
    foreign_writes  as of the column of audit.releases
    """

    mart: Manifest
    parts: tuple[StagedPart, ...]
    since: int | None = None
    foreign_writes: int = 0

    def staged(self, table: str) -> list[StagedPart]:
        return [part for part in self.parts if part.table == table]

    def keeps(self, table: str) -> bool:
        """Whether nothing of a table is staged, because nothing of it differs."""
        return self.since is not None and not self.staged(table)

    def grown_parts(self, table: str) -> dict[str, str]:
        """The parts of which only what comes on top is staged, with the fingerprint of the rows that stay."""
        return {part.month: part.on_top_of for part in self.staged(table) if part.on_top_of}

    def kept_parts(self, table: Table) -> dict[str, str]:
        """The parts whose rows stay as they are, with the fingerprint of these: also of those that get more."""
        if self.since is None:
            return {}
        staged = {part.month for part in self.staged(table.name)}
        untouched = {
            month: rows
            for month, rows in self.mart.parts.get(table.name, {}).items()
            # A table of months that has none is told as one part.
            if month not in staged and (month == WHOLE) == (table.month_column is None)
        }
        return untouched | self.grown_parts(table.name)

    def as_json(self) -> dict[str, Any]:
        staged = [asdict(part) for part in self.parts]
        return {**asdict(self.mart), "staged": staged, "since": self.since, "foreign_writes": self.foreign_writes}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        of_mart = {name: content[name] for name in content.keys() & {field.name for field in fields(Manifest)}}
        staged = tuple(StagedPart(**part) for part in content["staged"])
        return cls(Manifest(**of_mart), staged, content["since"], content.get("foreign_writes", 0))


def is_visible(table: Table, month: str, mart: Parts, visible: Parts) -> bool:
    """Whether readers see a part of the mart already. One whose fingerprint nobody knows is taken for another one."""
    wanted, seen = mart.get(table.name, {}), visible.get(table.name, {})
    if table.month_column is None:
        return bool(wanted) and wanted == seen
    return month in wanted and wanted[month] == seen.get(month)


def bounds(month: str) -> tuple[date, date]:
    """The first day of a month, and of the one after it."""
    first = date.fromisoformat(f"{month}-01")
    return first, first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def in_parts(table: Table, parts: Collection[str], *, of: str = "") -> sql.Composed:
    """The condition that holds for the rows of these parts; the planner sees by it which partitions it needs.

    of  the name under which a query has the table
    """
    if WHOLE in parts:
        return sql.Composed([sql.SQL("TRUE")])
    column = sql.Identifier(*([of] if of else []), table.month_column or "")
    within = sql.SQL("({0} >= {1} AND {0} < {2})")
    each = [within.format(column, *map(sql.Literal, bounds(month))) for month in parts]
    return sql.SQL(" OR ").join(each) if each else sql.Composed([sql.SQL("FALSE")])


def content_after(table: Table, load: Load, staging: sql.Identifier) -> sql.Composable:
    """What to select from for the content that a table would have after the publish of an attempt."""
    if table.month_column is None and load.keeps(table.name):
        return table.identifier
    kept = load.kept_parts(table)
    if not kept:
        return staging
    both = sql.SQL("(SELECT * FROM {} UNION ALL SELECT * FROM {} WHERE {})")
    return both.format(staging, table.identifier, in_parts(table, kept))


def rows_compared(table: Table, load: Load) -> sql.Composable:
    """What to select from for the published rows in whose place staging stands."""
    kept = load.kept_parts(table)
    if not kept:
        return table.identifier
    return sql.SQL("(SELECT * FROM {} WHERE NOT ({}))").format(table.identifier, in_parts(table, kept))
