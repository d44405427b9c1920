"""What every search for something wrong shares: what facts are judged by, and how those of one cause become one."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from batch_etl.settings import AlertRules

Row = dict[str, Any]


@dataclass(frozen=True)
class Watch:
    """What facts are judged by.

    max_age_hours  of the last good run, or None where runs do not come by themselves
    headings       of docs/runbook.md
    """

    now: datetime
    rules: AlertRules
    max_age_hours: float | None
    headings: Collection[str]


def by_cause(rows: list[Row], cause: Callable[[Row], str]) -> Iterator[tuple[str, list[Row]]]:
    """Rows of each cause, in the order they came in."""
    for name, same in groupby(sorted(rows, key=cause), key=cause):
        yield name, list(same)


def extent(rows: list[Row], at: str) -> dict[str, Any]:
    """How many, from when to when, and the run of the last one."""
    moments = [row[at] for row in rows]
    newest = max(rows, key=lambda row: row[at])
    return {
        "occurrences": len(rows),
        "first_seen_at": min(moments),
        "last_seen_at": max(moments),
        "run_key": newest["run_key"],
    }
