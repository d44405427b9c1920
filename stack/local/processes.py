"""Find the processes of this stack, also those whose parent is gone, and end what a shutdown leaves behind."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from stack.layout import ROOT
from stack.local.environment import MARK
from stack.waiting import wait_until


def descendants(root: int) -> set[int]:
    """Every process below `root`, by their parents."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [(int(pid), int(parent)) for pid, parent in (line.split() for line in listed.splitlines())]
    found, edge = set[int](), {root}
    while edge:
        edge = {pid for pid, parent in pairs if parent in edge} - found
        found |= edge
    return found


def marked() -> set[int]:
    """Processes that carry the mark of this clone in their environment: Spark drivers that outlived their task, say."""
    mark = f"{MARK}={ROOT}"
    if sys.platform == "linux":
        return {int(folder.name) for folder in Path("/proc").iterdir() if _has_mark(folder, os.fsencode(mark))}
    listed = subprocess.run(
        ["ps", "-A", "-E", "-ww", "-o", "pid=,command="], capture_output=True, text=True, check=False
    )
    return {int(line.split()[0]) for line in listed.stdout.splitlines() if f" {mark} " in f"{line} "}


def _has_mark(folder: Path, mark: bytes) -> bool:
    if not folder.name.isdecimal() or int(folder.name) == os.getpid():
        return False
    try:
        return mark in (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def end(pids: set[int]) -> None:
    """Ask these processes to end, and kill what has not after five seconds."""
    for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 2)):
        for pid in alive(pids):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if wait_until(lambda: not alive(pids), limit_seconds=patience):
            return


def alive(pids: set[int]) -> set[int]:
    """Those that still run. A zombie does not: it waits for a parent that may never ask, as in many containers."""
    if not pids:
        return set()
    command = ["ps", "-o", "pid=,stat=", "-p", ",".join(map(str, pids))]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return {int(pid) for pid, state in (line.split() for line in listed.splitlines()) if not state.startswith("Z")}


def kill(pids: set[int]) -> None:
    """End these processes without warning."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def memory_bytes(pids: set[int]) -> int:
    """What these processes hold together. Linux tells what they share, which is counted once; others count it again."""
    if sys.platform == "linux":
        return 1024 * sum(map(_proportional_kib, pids))
    command = ["ps", "-o", "rss=", "-p", ",".join(map(str, pids))]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return 1024 * sum(map(int, listed.split()))


def _proportional_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        # It has ended meanwhile, or belongs to somebody else.
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
