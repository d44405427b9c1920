"""Files of data/raw that were read before: one that nobody has touched since is known without reading it again.

landing/.seen.json    name of a file -> its state when it was read, and the batch that its bytes are
"""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from batch_etl.stores.lake import replace_file

# No file system's clock is coarser: whoever writes so long after a change gives the file another time.
_SETTLED_SECONDS = 3
_NANOSECONDS = 1_000_000_000


class SeenFiles:
    """What a run knows of the files in a folder, and what it finds out.

    The state of a file is its size, its place on the disk, and when its bytes and its description were changed: the
    first of these times can be set to anything, the second cannot.
    """

    def __init__(self, file: Path, known: Mapping[str, tuple[str, str]]) -> None:
        self._file = file
        self._known = dict(known)

    @classmethod
    def read(cls, landing: Path) -> Self:
        file = landing / ".seen.json"
        try:
            known = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # Every file is read then, which is slower.
            known = {}
        return cls(file, {name: (state, batch_id) for name, (state, batch_id) in known.items()})

    def batch_of(self, file: Path) -> str | None:
        """The batch_id of a file that is as it was when somebody read it."""
        state, batch_id = self._known.get(file.name, ("", None))
        return batch_id if state and state == state_of(file) else None

    def remember(self, file: Path, state: str, batch_id: str) -> None:
        """state: of before the file was read. One that may have been written to in that moment is read again."""
        if state and time.time_ns() - int(state.rpartition(" ")[2]) > _SETTLED_SECONDS * _NANOSECONDS:
            self._known[file.name] = (state, batch_id)

    def write(self, raw: Path) -> None:
        """Keep what is known of the files that are still there."""
        replace_file(
            self._file, json.dumps({name: told for name, told in self._known.items() if (raw / name).exists()})
        )


def state_of(file: Path) -> str:
    """What changes when somebody writes to a file or puts another one in its place; empty where it cannot be told."""
    try:
        state = file.stat()
    except OSError:
        return ""
    return f"{state.st_size} {state.st_ino} {state.st_mtime_ns} {state.st_ctime_ns}"
