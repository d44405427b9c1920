"""Postgres refuses to run as root: where a start is root, run it as another user."""

import os
import pwd
import subprocess
import sys
from functools import cache
from pathlib import Path

from stack.backend import StackError
from stack.layout import POSTGRES_DATA

# Python's own way where setpriv is not there (macOS).
DROP = """
import os, sys
uid = int(sys.argv[1])
os.setgroups([])
os.setgid(uid)
os.setuid(uid)
os.execv(sys.argv[2], sys.argv[2:])
"""


def owner_uid() -> int | None:
    """The uid Postgres runs as, or None where that is simply the caller's.

    Data that an ordinary user has made stay his when root starts the stack.
    """
    if os.geteuid() != 0:
        return None
    return (POSTGRES_DATA.stat().st_uid if POSTGRES_DATA.exists() else 0) or pwd.getpwnam("nobody").pw_uid


def give_away(path: Path) -> None:
    """Hand a file or folder that root has just made to the user Postgres runs as."""
    if (uid := owner_uid()) is not None:
        os.chown(path, uid, uid)


@cache
def prefix(program: Path) -> tuple[str, ...]:
    """What to put before a command so that `program` does not run as root; empty for an ordinary user."""
    uid = owner_uid()
    if uid is None:
        return ()
    if sys.platform != "linux":
        return (sys.executable, "-Ic", DROP, str(uid))
    drop = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    for extra in ((), *map(_with_capability, ("dac_read_search", "dac_override"))):
        # The shell in between matters: setpriv's own exec still has root's rights.
        probe = [*drop, *extra, "sh", "-c", 'exec "$0" --version', str(program)]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return (*drop, *extra)
    raise StackError(
        f"Postgres does not run as root, and uid {uid} cannot reach {program}\n"
        "  fix: clone into a folder that everybody may enter (such as /opt), or start as an ordinary user"
    )


def _with_capability(name: str) -> tuple[str, ...]:
    """A clone under /root lies behind a folder that only root may enter: one capability goes along to pass it.

    The first that is tried only reads past permissions; a container is not given that one, but the second. Without the
    secure bit access(2), by which Postgres looks for its own programs, would not count the capability (seen).
    """
    return ("--securebits=+no_setuid_fixup", f"--inh-caps=+{name}", f"--ambient-caps=+{name}")
