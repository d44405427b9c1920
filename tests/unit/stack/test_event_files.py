"""Every event that was written is read once, whatever state the files are in."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from stack import event_files
from stack.event_files import Event, read_events


def line(message: str, **figures: object) -> str:
    event = {"time": "2026-11-01T06:00:00.000+00:00", "level": "INFO", "message": message, **figures}
    return json.dumps(event, ensure_ascii=False)


def write(file: Path, *messages: str) -> None:
    with file.open("a", encoding="utf-8") as log:
        log.writelines(f"{line(message)}\n" for message in messages)


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


@pytest.mark.parametrize("when", ["before the files are listed", "while the older are read"])
def test_a_file_that_is_put_aside_meanwhile_is_neither_lost_nor_read_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    newest = tmp_path / "pipeline.jsonl"
    write(tmp_path / "pipeline-1.jsonl", "first")
    write(newest, "second")

    def put_aside() -> None:
        newest.rename(tmp_path / "pipeline-2.jsonl")
        write(newest, "third")

    events, glob = read_events(tmp_path), Path.glob
    if when == "before the files are listed":
        monkeypatch.setattr(Path, "glob", lambda folder, pattern: put_aside() or glob(folder, pattern))
    first = next(events)
    if when == "while the older are read":
        put_aside()

    assert messages([first, *events]) == ["first", "second"]


def test_a_file_that_is_forgotten_meanwhile_is_passed_over(tmp_path: Path) -> None:
    for name in ("pipeline-1", "pipeline-2", "pipeline"):
        write(tmp_path / f"{name}.jsonl", name)

    events = read_events(tmp_path)
    assert next(events)["message"] == "pipeline-1"
    (tmp_path / "pipeline-2.jsonl").unlink()
    assert messages(events) == ["pipeline"]


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Follow the log, do one thing each time the follower rests, and return what it told."""

    def follow(*things: Callable[[], object]) -> list[str]:
        told, left = [], iter(things)

        def rest(_: float) -> None:
            thing = next(left, None)
            if thing is None:
                raise KeyboardInterrupt
            thing()

        monkeypatch.setattr(event_files.time, "sleep", rest)
        with suppress(KeyboardInterrupt):
            for event in event_files.follow_events(tmp_path):
                told.append(event["message"])
        return told

    return follow


def test_a_follower_is_told_what_there_is_and_what_comes(tmp_path: Path, followed: Callable[..., list[str]]) -> None:
    newest = tmp_path / "pipeline.jsonl"
    write(tmp_path / "pipeline-1.jsonl", "first")

    told = followed(lambda: write(newest, "second"), lambda: write(newest, "third", "fourth"), lambda: None)
    assert told == ["first", "second", "third", "fourth"]


def test_a_follower_is_told_lines_with_every_kind_of_break(tmp_path: Path, followed: Callable[..., list[str]]) -> None:
    newest = tmp_path / "pipeline.jsonl"
    texts = [f"a{chr(code)}b" for code in (0x0B, 0x85, 0x2028, 0x2029)]

    assert followed(lambda: write(newest, *texts), lambda: None) == texts


def test_a_follower_waits_for_the_end_of_a_line(tmp_path: Path, followed: Callable[..., list[str]]) -> None:
    newest = tmp_path / "pipeline.jsonl"
    whole = line("Zoë").encode()
    at = whole.index("ë".encode()) + 1
    newest.write_bytes(whole[:at])

    def write_the_rest() -> None:
        with newest.open("ab") as log:
            log.write(whole[at:] + b"\n")

    assert followed(lambda: None, write_the_rest, lambda: None) == ["Zoë"]


def test_a_follower_loses_nothing_when_the_log_is_put_aside(tmp_path: Path, followed: Callable[..., list[str]]) -> None:
    newest, aside = tmp_path / "pipeline.jsonl", tmp_path / "pipeline-1.jsonl"
    write(newest, "first")

    def put_aside() -> None:
        write(newest, "just before")
        newest.rename(aside)

    def begin_anew() -> None:
        write(aside, "by one that had it open")
        write(newest, "a new one")

    told = followed(put_aside, begin_anew, lambda: write(aside, "late"), lambda: None)
    assert told == ["first", "just before", "by one that had it open", "late", "a new one"]


def test_a_follower_begins_again_where_the_log_was_emptied(tmp_path: Path, followed: Callable[..., list[str]]) -> None:
    newest = tmp_path / "pipeline.jsonl"
    write(newest, "first", "second")

    assert followed(lambda: newest.write_text(line("third") + "\n"), lambda: None) == ["first", "second", "third"]
