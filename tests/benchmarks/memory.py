"""What this process and all below it hold in memory, and what they ask of the processor, while something runs."""

import os
import threading
from contextlib import suppress
from pathlib import Path

# To look takes time of those that are looked at: gigabytes of pages are counted.
_INTERVAL_SECONDS = 1


class PeakMemory:
    """The most memory, in MiB, that the processes held together, shared pages counted once; seconds of processor."""

    def __init__(self) -> None:
        self.peak_mib = 0
        self._before = _cpu_seconds(_descendants(os.getpid()))
        self._after = dict(self._before)
        self._is_over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._sampler.join()

    @property
    def cpu_seconds(self) -> float:
        """Of all processes; what one did after it was looked at last, a second at most, is missing."""
        return sum(seconds - self._before.get(pid, 0) for pid, seconds in self._after.items())

    def _sample(self) -> None:
        while not self._is_over.wait(_INTERVAL_SECONDS):
            processes = _descendants(os.getpid())
            self._after |= _cpu_seconds(processes)
            self.peak_mib = max(self.peak_mib, sum(map(_held_kib, processes)) // 1024)


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


def _cpu_seconds(pids: list[int]) -> dict[int, float]:
    seconds = {}
    for pid in pids:
        with suppress(OSError):
            # Behind the name of the program, which may hold anything: the 12th and 13th are user and system time.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            seconds[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds
