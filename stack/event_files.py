"""The pipeline's own events as data/logs/pipeline*.jsonl hold them: read, and followed."""

import json
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

Event = dict[str, Any]
LEVELS = ("debug", "info", "warning", "error", "critical")
_POLL_SECONDS = 0.5
_NEWEST = "pipeline.jsonl"
# As batch_etl/logs.py writes it.
_BEGIN = '{"time"'
UTC = timezone.utc  # noqa: UP017 - a Python 3.10 starts this too


def rank(level: str) -> int:
    """How grave a level is. One that is not ours is as grave as info."""
    return LEVELS.index(level.lower() if level.lower() in LEVELS else "info")


def read_events(folder: Path) -> Iterator[Event]:
    """Every event, the oldest first."""
    with _open(folder / _NEWEST) as newest:
        yield from _parsed(_older_lines(folder, newest))
        yield from _parsed(_lines(newest))


def follow_events(folder: Path) -> Iterator[Event]:
    """Every event, the oldest first, and then each that is written, for ever."""
    file = folder / _NEWEST
    with _open(file) as newest:
        yield from _parsed(_older_lines(folder, newest))
        yield from _parsed(_lines_until_put_aside(newest, file))
    while True:
        with _open(file) as newest:
            yield from _parsed(_lines_until_put_aside(newest, file))


def _open(file: Path) -> BinaryIO:
    """The newest file; an empty one where there is none yet. Opened first: it is put aside under any reader's hands."""
    try:
        return file.open("rb")
    except FileNotFoundError:
        return Path(os.devnull).open("rb")


def _older_lines(folder: Path, newest: BinaryIO) -> Iterator[str]:
    for file in sorted(folder.glob("pipeline-*.jsonl")):
        # The oldest may have been forgotten since they were listed.
        with suppress(FileNotFoundError), file.open("rb") as older:
            if not os.path.sameopenfile(older.fileno(), newest.fileno()):
                yield from _lines(older)


def _lines_until_put_aside(log: BinaryIO, file: Path) -> Iterator[str]:
    """Lines as they are written, until another file has taken the place of this one."""
    is_aside = False
    while not is_aside:
        yield from _whole_lines(log)
        with suppress(FileNotFoundError):
            is_aside = not os.path.samestat(os.fstat(log.fileno()), file.stat())
        time.sleep(_POLL_SECONDS)
    # Who had it open may have written on until now.
    yield from _lines(log)


def _whole_lines(log: BinaryIO) -> Iterator[str]:
    """The lines from here on; one that is still being written is left for the next time."""
    if os.fstat(log.fileno()).st_size < log.tell():
        # Somebody emptied it.
        log.seek(0)
    while (line := log.readline()).endswith(b"\n"):
        yield line.decode("utf-8", "replace")
    log.seek(-len(line), os.SEEK_CUR)


def _lines(log: BinaryIO) -> Iterator[str]:
    for line in log:
        yield line.decode("utf-8", "replace")


def _parsed(lines: Iterable[str]) -> Iterator[Event]:
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
