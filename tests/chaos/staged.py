"""A warehouse before a publish, and the only two states in which it may be found afterwards."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg2

from tests.integration.drawn_star import TABLES
from tests.integration.pipeline import Pipeline

_AUDIT = (
    "SELECT release, run_key, token, fingerprint, has_history FROM audit.releases ORDER BY 1",
    "SELECT * FROM audit.release_batches ORDER BY 1, 2, 3",
    "SELECT * FROM audit.release_changes ORDER BY 1, 2",
    "SELECT run_key, token, state FROM audit.runs ORDER BY 1",
    "SELECT run_key, kind, body FROM audit.outbox ORDER BY 1",
    "SELECT * FROM history.new_parts ORDER BY 1, 2, 3",
)
_HISTORY = tuple(f"history.{table.partition('.')[2]}" for table in TABLES)


@dataclass(frozen=True)
class State:
    """Everything that a publish touches: content of tables and history, and what the audit says."""

    contents: dict[str, tuple[int, str]] = field(default_factory=dict)
    audit: list[list[tuple[object, ...]]] = field(default_factory=list)

    @property
    def rows(self) -> dict[str, int]:
        return {table: self.contents[table][0] for table in TABLES} if self.contents else {}


@dataclass(frozen=True)
class Staged:
    """old and new: before and after the publish of the attempt `token`."""

    warehouse: Pipeline
    token: int
    old: State = field(default_factory=State)
    new: State = field(default_factory=State)

    def state(self) -> State:
        return State(
            self.warehouse.contents((*TABLES, *_HISTORY)), [self.warehouse.query(statement) for statement in _AUDIT]
        )

    def is_published(self) -> bool:
        """Whether the new release is there. Fails where it is neither there nor not there."""
        found = self.state()
        assert found in (self.old, self.new), "a publish by halves"
        return found == self.new


def some(points: int, *, is_full: bool, wanted: int, always: Sequence[int] = ()) -> list[int]:
    """Points from 1 on: all of them, or a few, among them those that are always visited."""
    everything = range(1, points + 1)
    if is_full or points <= wanted:
        return list(everything)
    dice = random.Random(1)  # noqa: S311 - the same few every time
    return sorted({*dice.sample(everything, wanted), *always})


def is_connection_lost(error: BaseException) -> bool:
    """Whether the connection, and not the work, is what broke."""
    return isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)
