"""What this machine has: memory, disk, processor."""

import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

GIGABYTE = 1024**3


def available_memory() -> int | None:
    """Bytes that new processes can have; on macOS all there is, since it frees memory as it goes. None if unknown."""
    if sys.platform != "linux":
        return _sysctl("hw.memsize")
    free = [_meminfo("MemAvailable"), _control_group_room()]
    return min((value for value in free if value is not None), default=None)


def _meminfo(field: str) -> int | None:
    with suppress(OSError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return None


def _control_group_room(folder: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What is left below the memory limit of the container we are in, if we are in one (control groups, version 2)."""
    with suppress(OSError, ValueError):
        return int((folder / "memory.max").read_text()) - int((folder / "memory.current").read_text())
    return None


def _sysctl(name: str) -> int | None:
    with suppress(OSError, ValueError):
        return int(subprocess.run(["sysctl", "-n", name], capture_output=True, text=True, check=False).stdout)
    return None


def free_disk(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def processor() -> str:
    return platform.machine()


def cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else (os.cpu_count() or 1)


def c_library() -> str:
    return platform.libc_ver()[0] if sys.platform == "linux" else ""
