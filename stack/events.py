"""The pipeline's own events in data/logs/pipeline*.jsonl: chosen, added up, and shown in colours."""

import json
import os
import re
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from io import TextIOWrapper
from itertools import chain
from pathlib import Path

from stack.backend import StackError
from stack.event_files import UTC, Event, follow_events, rank, read_events
from stack.failing import failing_since, tells_of_its_own_run
from stack.layout import CONFIG
from stack.output import plain

STAGES = (
    *("data_ingestion", "data_cleaning", "data_transformation", "data_loading"),
    *("quality_checks", "publish", "daily_summary", "notifications"),
)
CONTRACTS = CONFIG / "contracts"
_CONTRACT = ".odcs.yaml"
_COLOURS = {"DEBUG": "2", "INFO": "32", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LARGEST_FIGURE = 1e300
_SHOWN_APART = ("time", "level", "logger", "message", "run", "stage", "dataset", "traceback")


@dataclass(frozen=True)
class Choice:
    """Which events are asked for; what is empty does not matter."""

    run: str = ""
    stage: str = ""
    dataset: str = ""
    level: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def holds(self, event: Event) -> bool:
        return (
            all(not asked or asked == event.get(name) for name, asked in self._named())
            and (not self.level or self._is_grave(event))
            and (self.since is None or event["time"] >= self.since)
            and (self.until is None or event["time"] < self.until)
        )

    def _named(self) -> tuple[tuple[str, str], ...]:
        return ("run", self.run), ("stage", self.stage), ("dataset", self.dataset)

    def _is_grave(self, event: Event) -> bool:
        return rank(event["level"]) >= rank(self.level)


def read_level(text: str) -> str:
    """A level as people write it: WARN is warning."""
    return {"warn": "warning"}.get(text.lower(), text.lower())


def read_period(text: str, now: datetime) -> tuple[datetime, datetime | None]:
    """When a period begins and ends: 90m 2h 7d 4w ago, a moment such as 2026-11-01, or last-month."""
    if match := re.fullmatch(r"(\d+)([mhdw])", text):
        try:
            return now - timedelta(**{_UNITS[match[2]]: int(match[1])}), None
        # ValueError: a number of more digits than Python reads.
        except (OverflowError, ValueError):
            raise StackError(f"'{text}' ago is before the year 1; write fewer, such as 90m, 2h, 7d or 4w") from None
    if text == "last-month":
        this_month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (this_month - timedelta(days=1)).replace(day=1), this_month
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise StackError(f"'{text}' is no moment; write 2h, 7d, 2026-11-01, 2026-11-01T06:00 or last-month") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)), None


def render(event: Event, *, is_coloured: bool) -> str:
    """One line for people: when, how grave, where, what, and the figures."""
    figures = " ".join(
        f"{_plain(name)}={_plain(value)[:120]}" for name, value in event.items() if name not in _SHOWN_APART
    )
    where = " ".join(_plain(event[name]) for name in ("stage", "dataset") if event.get(name))
    level = f"{_plain(event['level']):8}"
    if is_coloured:
        level = f"\033[{_COLOURS.get(event['level'], '0')}m{level}\033[0m"
        figures = f"\033[2m{figures}\033[0m"
    moment = str(event["time"])[:19]
    return "  ".join(part for part in (moment, level, where, _plain(event["message"]), figures) if part)


def _is_coloured() -> bool:
    """Whether standard output is a terminal that has colours and nobody has asked for none: https://no-color.org."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def _plain(value: object) -> str:
    """A value as one line of a terminal shows it."""
    try:
        text = value if isinstance(value, str) else json.dumps(value)
    except RecursionError:
        # What could just be read may be nested too deep to be written.
        text = "..."
    return plain(text).replace("\n", " ")


def require_known(folder: Path, choice: Choice) -> None:
    """Raise StackError for a stage or a dataset that there is not, and of which there is no event either."""
    datasets = sorted(file.name.removesuffix(_CONTRACT) for file in CONTRACTS.glob(f"*{_CONTRACT}"))
    for name, asked, known in (("stage", choice.stage, STAGES), ("dataset", choice.dataset, datasets)):
        if asked and asked not in known and all(event.get(name) != asked for event in read_events(folder)):
            raise StackError(f"--{name}: there is no '{asked}'; there are {', '.join(known)}")


def show(folder: Path, choice: Choice, *, add_up: str, is_failing: bool, follow: bool) -> int:
    """Print what was asked for; 1 where nothing was found."""
    if isinstance(sys.stdout, TextIOWrapper):
        # What a terminal without UTF-8 cannot show is written as an escape.
        sys.stdout.reconfigure(errors="backslashreplace")
    require_known(folder, choice)
    if is_failing:
        return _show_failing(folder, choice)
    if add_up:
        return _show_sum(folder, choice, add_up)
    is_coloured = _is_coloured()
    count = 0
    for event in follow_events(folder) if follow else read_events(folder):
        if choice.holds(event):
            count += 1
            print(render(event, is_coloured=is_coloured), flush=follow)
    return 0 if count else _say_nothing_found(folder)


def _show_failing(folder: Path, choice: Choice) -> int:
    # Of all datasets: a stage that passes tells of none.
    everything = replace(choice, level="", dataset="")
    events = (event for event in read_events(folder) if everything.holds(event) and tells_of_its_own_run(event))
    known = next(events, None)
    if known is None:
        return _say_nothing_found(folder)
    bad = Choice(dataset=choice.dataset, level=choice.level or "error")
    first = failing_since(chain([known], events), bad.holds)
    told = render(first, is_coloured=_is_coloured()) if first else "not failing: the newest run has no such event"
    print(told)
    return 0


def _show_sum(folder: Path, choice: Choice, figure: str) -> int:
    total: float = 0
    figures: set[str] = set()
    for event in read_events(folder):
        numbers = {name: value for name, value in event.items() if _is_figure(value)}
        figures |= numbers.keys()
        total += numbers.get(figure, 0) if choice.holds(event) else 0
    if not figures:
        return _say_nothing_found(folder)
    if figure not in figures:
        known = _plain(", ".join(sorted(figures)))
        raise StackError(f"--sum: no event has the figure '{figure}'; there are {known}")
    print(total)
    return 0


def _is_figure(value: object) -> bool:
    """Whether it can be added up: not NaN, and nothing that makes the sum infinite."""
    # To Python true is a number.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -_LARGEST_FIGURE < value < _LARGEST_FIGURE


def _say_nothing_found(folder: Path) -> int:
    is_empty = next(read_events(folder), None) is None
    print("no events yet: no run has written any" if is_empty else "no such event", file=sys.stderr)
    return 1
