"""JSON lines: one event a line, with the run it belongs to."""

import json
import logging
import math
import sys
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import WatchedFileHandler
from os import SEEK_END
from pathlib import Path
from typing import Any

from batch_etl.errors import EtlError, QualityStopped

log = logging.getLogger(__name__)

_LARGEST_BYTES = 32_000_000
_KEPT_FILES = 20
_STANDARD = set(vars(logging.makeLogRecord({})))


class JsonFormatter(logging.Formatter):
    """time, level, logger, message, the context given at the start, and whatever else the call passed as extra."""

    def __init__(self, context: dict[str, str]) -> None:
        super().__init__()
        self._context = context

    def format(self, record: logging.LogRecord) -> str:
        event: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._context,
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD and key not in event}
        event.update(_as_json(extra))
        if record.exc_info:
            event["traceback"] = self.formatException(record.exc_info)
        text = json.dumps(event, ensure_ascii=False, default=str)
        # Half a surrogate pair, as in the name of a file that is not UTF-8, becomes an escape, and so stays JSON.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _as_json(value: Any) -> Any:  # noqa: ANN401 - whatever a call passes
    """Keys become strings, and numbers that JSON does not know, such as NaN, too."""
    if isinstance(value, dict):
        return {str(key): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def log_to_stdout_and_file(folder: Path, context: dict[str, str]) -> None:
    """For a process of our own: every event to standard output and to <folder>/pipeline.jsonl."""
    stdout = logging.StreamHandler(sys.stdout)
    stdout.setFormatter(JsonFormatter(context))
    logging.basicConfig(level=logging.INFO, handlers=[stdout, _file_handler(folder, context)], force=True)
    # Their INFO is about sockets and callbacks, not about data.
    for chatty in ("py4j", "pyspark"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def log_to_file(folder: Path, context: dict[str, str], *entry_points: str) -> None:
    """For a process whose log somebody else keeps: our own events to <folder>/pipeline.jsonl beside that."""
    try:
        handler = _file_handler(folder, context)
    except OSError as error:
        # The stage does its work and is recorded without.
        log.warning("no events are kept: %s", error)
        return
    for ours in ("batch_etl", "monitoring", *entry_points):
        logging.getLogger(ours).addHandler(handler)


def log_failure(error: BaseException) -> None:
    """Tell in one line why an attempt failed; a traceback is in the log of whoever made it."""
    # Each check that stopped the run has an event of its own.
    if not isinstance(error, QualityStopped):
        about = {"dataset": error.dataset} if isinstance(error, EtlError) and error.dataset else {}
        told = "; ".join(line.strip() for line in str(error).splitlines() if line.strip())
        log.error("failed: %s", told, extra={"error": type(error).__name__, **about})


def _file_handler(folder: Path, context: dict[str, str]) -> logging.Handler:
    folder.mkdir(parents=True, exist_ok=True)
    _rotate(folder)
    _end_cut_line(folder / "pipeline.jsonl")
    # Watched: whoever rotates the file does not stop us writing.
    handler = WatchedFileHandler(folder / "pipeline.jsonl", encoding="utf-8")
    handler.setFormatter(JsonFormatter(context))
    return handler


def _end_cut_line(file: Path) -> None:
    """End the line that a killed process left; the next event would be lost in it."""
    with file.open("ab+", buffering=0) as log:
        if log.seek(0, SEEK_END):
            log.seek(-1, SEEK_END)
            if log.read(1) != b"\n":
                # Appended, so that it lands between the lines of others; an empty line does no harm.
                log.write(b"\n")


def _rotate(folder: Path) -> None:
    """Put a file that has grown large aside under its time, and forget the oldest. A process does so when it starts."""
    file = folder / "pipeline.jsonl"
    with suppress(FileNotFoundError):
        if file.stat().st_size > _LARGEST_BYTES:
            # Of two processes at once the second finds no file, or a new and small one.
            file.rename(folder / f"pipeline-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.jsonl")
    for oldest in sorted(folder.glob("pipeline-*.jsonl"))[:-_KEPT_FILES]:
        oldest.unlink(missing_ok=True)
