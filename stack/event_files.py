"""The pipeline's own events as data/logs/pipeline*.jsonl hold them."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

Event = dict[str, Any]
LEVELS = ("debug", "info", "warning", "error", "critical")
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
        if event := _read_event(line):
            yield event


def _read_event(line: str) -> Event | None:
    """time: a datetime in UTC; level: a string. All else is as it was written."""
    try:
        event = json.loads(line)
        at, level, _ = datetime.fromisoformat(event["time"]), event["level"], event["message"]
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    # TypeError: what is no object; RecursionError: what is nested too deep; OverflowError: a moment before the year 1.
    except (ValueError, TypeError, KeyError, RecursionError, OverflowError):
        return None
    return {**event, "time": at, "level": level if isinstance(level, str) else "INFO"}
