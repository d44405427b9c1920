"""What this process and all below it hold in memory while something runs."""

import os
import threading
from contextlib import suppress
from pathlib import Path

_INTERVAL_SECONDS = 0.2


class PeakMemory:
    """The most memory, in MiB, that the processes held together, shared pages counted once."""

    def __init__(self) -> None:
        self.peak_mib = 0
        self._is_over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._is_over.wait(_INTERVAL_SECONDS):
            self.peak_mib = max(self.peak_mib, sum(map(_held_kib, _descendants(os.getpid()))) // 1024)


def _descendants(pid: int) -> list[int]:
    with suppress(OSError):
        children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in _children(task)]
        return [pid, *(below for child in children for below in _descendants(child))]
    return []


def _children(task: Path) -> list[str]:
    with suppress(OSError):
        return (task / "children").read_text().split()
    return []


def _held_kib(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
