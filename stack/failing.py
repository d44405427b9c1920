"""Since when runs of the pipeline fail, out of its events."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from stack.event_files import Event, rank


@dataclass
class _Run:
    """What is kept of a run, so that any number of events can be read.

    bad        the first bad event of each turn, by stage and whether it is an error
    last_turn  when it spoke last; a turn lasts until another run speaks
    """

    bad: dict[tuple[str, bool], dict[int, Event]] = field(default_factory=dict)
    last_turn: int = 0

    def add(self, event: Event, is_bad: Callable[[Event], bool]) -> None:
        stage = str(event.get("stage"))
        if _ends_well(event):
            # Its errors were mended by another attempt; its warnings stand.
            self.bad.pop((stage, True), None)
        elif is_bad(event):
            is_error = rank(event["level"]) >= rank("error")
            self.bad.setdefault((stage, is_error), {}).setdefault(self.last_turn, event)

    def bad_turns(self) -> list[tuple[int, Event]]:
        return [found for by_turn in self.bad.values() for found in by_turn.items()]


def failing_since(events: Iterable[Event], is_bad: Callable[[Event], bool]) -> Event | None:
    """The first event of the newest unbroken series of runs with such events; None where the newest run has none.

    Runs are ordered by when they spoke last: one that was cleared is the newest again.
    """
    runs: dict[str, _Run] = {}
    turn, speaker = 0, None
    for event in events:
        name = str(event.get("run"))
        if name != speaker:
            turn, speaker = turn + 1, name
            runs[name] = runs.pop(name, _Run())
        runs[name].last_turn = turn
        runs[name].add(event, is_bad)
    return _first_of_series(list(runs.values()))


def tells_of_its_own_run(event: Event) -> bool:
    """Whether an event is about the run that wrote it: an alert is about another one, and the watch is no run."""
    return event.get("logger") != "monitoring.channels" and event.get("stage") != "alert_watch"


def _ends_well(event: Event) -> bool:
    """What batch_etl/run.py says at the end of a stage."""
    return event.get("logger") == "batch_etl.run" and event["message"] in ("done", "nothing new")


def _first_of_series(runs: Sequence[_Run]) -> Event | None:
    newest = runs[-1].bad_turns() if runs else []
    if not newest:
        return None
    last_good = max((run.last_turn for run in runs if not run.bad), default=0)
    series = [(turn, event) for run in runs for turn, event in run.bad_turns() if turn > last_good]
    # There is none where a run that was cleared has not yet come to what it failed at.
    return min((event for _, event in series or newest), key=lambda event: event["time"])
