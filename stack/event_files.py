"""The pipeline's own events as data/logs/pipeline*.jsonl hold them."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

Event = dict[str, Any]
LEVELS = ("debug", "info", "warning", "error", "critical")
# As batch_etl/logs.py writes it.
_BEGIN = '{"time"'
UTC = timezone.utc  # noqa: UP017 - a Python 3.10 starts this too


def rank(level: str) -> int:
    """How grave a level is. One that is not ours is as grave as info."""
    return LEVELS.index(level.lower() if level.lower() in LEVELS else "info")


def read_events(folder: Path) -> Iterator[Event]:
    """Every event, the oldest first. A line that is cut, as by a full disk, is passed over."""
    for file in [*sorted(folder.glob("pipeline-*.jsonl")), folder / "pipeline.jsonl"]:
        if file.exists():
            with file.open(encoding="utf-8", errors="replace") as lines:
                yield from parse(lines)


def parse(lines: Iterable[str]) -> Iterator[Event]:
    """The events of these lines; a line without one, or without a moment that can be told, is passed over."""
    for line in lines:
        try:
            found: Iterable[Any] = [json.loads(line)]
        # RecursionError: it is nested too deep.
        except (ValueError, RecursionError):
            found = _whole_parts(line)
        yield from filter(None, map(_as_event, found))


def _whole_parts(line: str) -> Iterator[Any]:
    """What is whole in a line that a killed process or a crash left, and others went on in."""
    begin = line.find(_BEGIN)
    while begin >= 0:
        end = begin + 1
        with suppress(ValueError, RecursionError):
            part, end = json.JSONDecoder().raw_decode(line, begin)
            yield part
        begin = line.find(_BEGIN, end)


def _as_event(found: Any) -> Event | None:  # noqa: ANN401 - whatever JSON can hold
    """time: a datetime in UTC; level: a string. All else is as it was written."""
    try:
        at, level, _ = datetime.fromisoformat(found["time"]), found["level"], found["message"]
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    # TypeError: it is no object; OverflowError: a moment before the year 1.
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    return {**found, "time": at, "level": level if isinstance(level, str) else "INFO"}
