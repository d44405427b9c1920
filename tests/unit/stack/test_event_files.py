"""Every event that was written is read once, whatever state the files are in."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from stack.event_files import Event, read_events


def line(message: str, **figures: object) -> str:
    event = {"time": "2026-11-01T06:00:00.000+00:00", "level": "INFO", "message": message, **figures}
    return json.dumps(event, ensure_ascii=False)


def messages(events: Iterable[Event]) -> list[str]:
    return [event["message"] for event in events]


CUT = [line("cut")[:-9], line("cut", of={"time": 1})[:-1], '{"ti', '{"time"', "\0" * 100]


@pytest.mark.parametrize("cut", CUT, ids=range(len(CUT)))
def test_a_whole_event_behind_a_cut_one_is_read(tmp_path: Path, cut: str) -> None:
    whole = line("whole", of={"time": 1}, text='{"time"')
    (tmp_path / "pipeline.jsonl").write_text(f"{line('before')}\n{cut}{whole}\n{line('after')}\n")

    assert messages(read_events(tmp_path)) == ["before", "whole", "after"]


def test_both_of_two_whole_events_in_a_line_are_read(tmp_path: Path) -> None:
    (tmp_path / "pipeline.jsonl").write_text(line("one") + line("two"))

    assert messages(read_events(tmp_path)) == ["one", "two"]
