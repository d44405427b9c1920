"""What the tables of the datasets hold: counted in one pass for all checks.

A table that stays, or a month of one, is counted again only where somebody else than a release wrote to any of them: by
a trigger audit.foreign_writes goes on, and what was counted before no longer counts.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.contract import Contract
from batch_etl.stores.contract_tables import table_of, table_stands
from batch_etl.stores.difference import Table, read_table
from batch_etl.stores.loads import Load, in_parts
from batch_etl.stores.mart_parts import WHOLE
from batch_etl.stores.staging import staging_table
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.contract_rules import dimensions_of, key_of, of_sources, rules_of_table

# A partition without its trigger was made by somebody else.
_KNOWN = """
    SELECT month, fingerprint, measured
    FROM audit.measured_parts
    INNER JOIN pg_class
        ON oid = TO_REGCLASS(CONCAT_WS('_', table_name, NULLIF(REPLACE(month, '-', '_'), '')))
        AND relispartition = (month != '')
    INNER JOIN pg_trigger ON tgrelid = pg_class.oid AND tgname = 'note_foreign_write' AND tgenabled != 'D'
    WHERE table_name = %s AND asked = %s AND month = ANY(%s)
"""
# Whoever writes later waits, and what is measured here counts no longer; beside who has written nothing is remembered.
_IS_QUIET = "SELECT PG_TRY_ADVISORY_XACT_LOCK(HASHTEXT('batch_etl.measure'))"
_REMEMBER = """
    INSERT INTO audit.measured_parts (table_name, month, fingerprint, asked, measured)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (table_name, month, fingerprint, asked) DO UPDATE SET measured = EXCLUDED.measured
"""


# As audit.measured_parts has it.
_News = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class Measured:
    """What one look at rows of a dataset's table told.

    rows     all of them, the unknown member of a dimension too
    records  those of them that come from a source
    cents    of the amount that the ledger adds up, over these records; 0 where it adds up none
    net      cents that were paid for these records, where they are sales; else 0
    unknown  dimension -> records that point at its unknown member
    broken   rule -> records that break it, where there are some
    """

    rows: int
    records: int
    cents: int
    net: int
    unknown: Mapping[str, int]
    broken: Mapping[str, int]

    def __add__(self, other: "Measured") -> "Measured":
        unknown, broken = _added(self.unknown, other.unknown), _added(self.broken, other.broken)
        cents, net = self.cents + other.cents, self.net + other.net
        return Measured(self.rows + other.rows, self.records + other.records, cents, net, unknown, broken)


@dataclass(frozen=True)
class Audited:
    """What was measured of everything that an attempt would publish.

    unknown_months  months of sales that stay, and that nobody knew as they are
    news            what nobody has to measure again, once all that was found is recorded: for remember
    """

    measured: Mapping[str, Measured]
    unknown_months: Sequence[str]
    news: Sequence[_News]


@dataclass(frozen=True)
class _Question:
    """What is asked of a dataset's rows: expressions of SQL, and the names of those that Measured has by name.

    beside  what other checks ask of each of them once: text of theirs
    """

    unknown: tuple[str, ...]
    rules: tuple[str, ...]
    asked: sql.Composed
    beside: str = ""

    def fingerprint(self, cursor: Cursor) -> str:
        """Of the question, and of the moment: it changes where somebody else than a release writes."""
        writes = fetch_value(cursor, "SELECT PG_SEQUENCE_LAST_VALUE('audit.foreign_writes')")
        return hashlib.sha256(f"{self.asked.as_string(cursor)} {writes} {self.beside}".encode()).hexdigest()[:16]

    def of(self, cursor: Cursor, content: sql.Composable) -> Measured:
        cursor.execute(sql.SQL("SELECT {} FROM {} AS content").format(self.asked, content))
        return self._measured(cursor.fetchone() or ())

    def of_children(self, cursor: Cursor, parent: sql.Composable) -> dict[str, Measured]:
        """Of each table whose rows a table of staging shows, by its name."""
        # Grouped by the number: of the name the planner would have one process find all rows.
        each = sql.SQL("SELECT content.tableoid, {} FROM {} AS content GROUP BY content.tableoid")
        cursor.execute(each.format(self.asked, parent))
        measured = {number: self._measured(counts) for number, *counts in cursor.fetchall()}
        cursor.execute("SELECT oid, relname FROM pg_class WHERE oid = ANY(%s::oid[])", (list(measured),))
        return {name: measured[number] for number, name in cursor.fetchall()}

    def _measured(self, counts: Iterable[Any]) -> Measured:
        rows, records, cents, net, *found = counts
        named = dict(zip((*self.unknown, *self.rules), found, strict=True))
        unknown = {name: named.pop(name) for name in self.unknown}
        broken = {rule: count for rule, count in named.items() if count}
        # What is no number makes a sum that is none, and breaks a rule.
        cents, net = (int(amount) if amount.is_finite() else 0 for amount in (cents, net))
        return Measured(rows, records, cents, net, unknown, broken)


def measure_tables(cursor: Cursor, contracts: Mapping[str, Contract]) -> dict[str, Measured]:
    """Of each dataset, every row that is published."""
    return {
        dataset: _question(cursor, dataset, contracts, table).of(cursor, table.identifier)
        for dataset, table in _tables(cursor, contracts)
    }


def measure_staged(
    cursor: Cursor, contracts: Mapping[str, Contract], token: int, load: Load, *, touched_checks: str = ""
) -> Audited:
    """Of each dataset, what an attempt would publish: every row that it staged, and what stays.

    touched_checks  text of the checks that are made once of each sale: where it is another one, nobody knows any month

    What stays was measured when it was staged; where nobody knows it, as after somebody wrote to it, it is now.
    """
    measured: dict[str, Measured] = {}
    months: list[str] = []
    news: list[_News] = []
    for dataset, table in _tables(cursor, contracts):
        question = _question(cursor, dataset, contracts, table)
        if dataset == "sales":
            question = replace(question, beside=touched_checks)
        nothing = Measured(0, 0, 0, 0, dict.fromkeys(question.unknown, 0), {})
        of_parts, unknown, told = _measure_parts(cursor, table, question, token, load)
        measured[dataset] = reduce(Measured.__add__, of_parts, nothing)
        months += [part for part in unknown if part != WHOLE]
        news += told
    return Audited(measured, months, news)


def remember(cursor: Cursor, news: Iterable[_News]) -> None:
    """Spare the next runs what was measured, where no check stops the publish: what one found has to be found again.

    What somebody wrote since it was measured is none of it: it was asked before that.
    """
    for told in news:
        cursor.execute(_REMEMBER, told)


def _measure_parts(
    cursor: Cursor, table: Table, question: _Question, token: int, load: Load
) -> tuple[list[Measured], list[str], list[_News]]:
    """Of a table, or of each of its months; which of those that stay nobody knew; and what is worth remembering."""
    is_quiet = fetch_value(cursor, _IS_QUIET)
    names = {part.name: part.month for part in load.staged(table.name)}
    staged = question.of_children(cursor, staging_table(table.name, token)) if names else {}
    asked, parts = question.fingerprint(cursor), load.mart.parts.get(table.name, {})
    kept = load.kept_parts(table)
    found = _known_parts(cursor, table.name, asked, kept)
    unknown = [part for part in kept if part not in found]
    for part in unknown:
        rows = sql.SQL("(SELECT * FROM {} WHERE {})").format(table.identifier, in_parts(table, [part]))
        found[part] = question.of(cursor, rows)
    for name, told in staged.items():
        part = names[name]
        # Of a month that grows some rows stay.
        found[part] = found[part] + told if part in found else told
    looked_at = [*unknown, *map(names.__getitem__, staged)] if is_quiet else []
    news = [(table.name, part, parts[part], asked, json.dumps(asdict(found[part]))) for part in looked_at]
    return list(found.values()), unknown, news


def _known_parts(cursor: Cursor, table: str, asked: str, parts: Mapping[str, str]) -> dict[str, Measured]:
    """What was measured of these as they are. parts: month, or WHOLE -> fingerprint of its rows."""
    rows = fetch_rows(cursor, _KNOWN, (table, asked, list(parts)))
    return {row["month"]: Measured(**row["measured"]) for row in rows if row["fingerprint"] == parts[row["month"]]}


def _tables(cursor: Cursor, contracts: Mapping[str, Contract]) -> list[tuple[str, Table]]:
    # The next run makes the one of a new contract.
    names = {dataset: table_of(dataset) for dataset in sorted(contracts) if table_stands(cursor, table_of(dataset))}
    return [(dataset, read_table(cursor, name)) for dataset, name in names.items()]


def _question(cursor: Cursor, dataset: str, contracts: Mapping[str, Contract], table: Table) -> _Question:
    contract, is_of_source = contracts[dataset], of_sources(dataset)
    unknown = dimensions_of(dataset, table.columns)
    rules = rules_of_table(cursor, dataset, contracts, table.columns)
    count = sql.SQL("COUNT(*) FILTER (WHERE {} AND ({}))")
    amounts = (contract.ledger_amount, "net_usd" if table.name == table_of("sales") else None)
    cents = sql.SQL("COALESCE(SUM({}) FILTER (WHERE {})::numeric * 100, 0)")
    asked = [
        sql.SQL("COUNT(*)"),
        sql.SQL("COUNT(*) FILTER (WHERE {})").format(is_of_source),
        *(cents.format(sql.Identifier(name) if name else sql.SQL("0"), is_of_source) for name in amounts),
        *(count.format(is_of_source, sql.SQL("{} = -1").format(key_of(name))) for name in unknown),
        *(count.format(is_of_source, rule.is_broken) for rule in rules.values()),
    ]
    return _Question(tuple(unknown), tuple(rules), sql.SQL(", ").join(asked))


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
