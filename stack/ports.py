"""Who holds a port: asked of /proc on Linux, of lsof elsewhere."""

import os
import pwd
import re
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

LISTENING = "0A"


@dataclass(frozen=True)
class Holder:
    """A process that listens. `pid` is None where it belongs to somebody else and this user may not see it."""

    pid: int | None
    name: str

    def __str__(self) -> str:
        return f"pid {self.pid} ({self.name})" if self.pid else self.name


def is_free(address: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as attempt:
        # As servers do it: a port in TIME_WAIT counts as free.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((address, port))
        except OSError:
            return False
        return True


def next_free(address: str, port: int, *, besides: Collection[int] = ()) -> int:
    """The next port after `port` that nobody holds and that is not among `besides`."""
    higher = range(port + 1, 65536)
    return next(candidate for candidate in higher if candidate not in besides and is_free(address, candidate))


def find_holder(port: int) -> Holder:
    found = _find_by_proc(port) if sys.platform == "linux" else _find_by_lsof(port)
    return found or Holder(None, "an unknown process")


def _find_by_proc(port: int) -> Holder | None:
    sockets = dict(_listening_sockets(port))
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and not sockets.keys().isdisjoint(_open_sockets(folder)):
            return Holder(int(folder.name), _command(folder))
    # Another user's files are closed to us; whose the socket is, everybody may read.
    owners = [_user_name(uid) for uid in sockets.values()]
    return Holder(None, f"a process of user {owners[0]}") if owners else None


def _listening_sockets(port: int) -> Iterator[tuple[str, int]]:
    """Inode and owner of every listening TCP socket on this port (columns of proc_net_tcp(5))."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        with suppress(OSError):
            for line in table.read_text().splitlines()[1:]:
                column = line.split()
                if column[3] == LISTENING and int(column[1].rpartition(":")[2], 16) == port:
                    yield column[9], int(column[7])


def _open_sockets(process: Path) -> set[str]:
    inodes = set()
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                if found := re.fullmatch(r"socket:\[(\d+)\]", os.readlink(descriptor)):  # noqa: PTH115 - no real path
                    inodes.add(found[1])
    return inodes


def _command(process: Path) -> str:
    with suppress(OSError):
        words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        return " ".join([Path(words[0]).name, *words[1:]]).strip()[:60] or (process / "comm").read_text().strip()
    return "ended just now"


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _find_by_lsof(port: int) -> Holder | None:
    command = ["lsof", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN", "-Fpc"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return parse_lsof(shown)


def parse_lsof(shown: str) -> Holder | None:
    """Read `lsof -Fpc`: a line p<pid>, then a line c<command>."""
    fields = {line[0]: line[1:] for line in reversed(shown.splitlines()) if line}
    return Holder(int(fields["p"]), fields.get("c", "?")) if fields.get("p") else None
