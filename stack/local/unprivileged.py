"""Postgres refuses to run as root: where a start is root, run it as `nobody`."""

import os
import pwd
import subprocess
import sys
from functools import cache
from pathlib import Path

from stack.backend import StackError

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
    """The uid Postgres and its files belong to, or None where that is simply the caller's."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


@cache
def prefix(program: Path) -> tuple[str, ...]:
    """What to put before a command so that `program` does not run as root; empty for an ordinary user."""
    uid = owner_uid()
    if uid is None:
        return ()
    if sys.platform != "linux":
        return (sys.executable, "-Ic", DROP, str(uid))
    drop = ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups")
    # A clone under /root lies behind a folder only root may enter. Then one capability goes along, the weakest that
    # helps: reading past permissions, or (containers are not given that one) passing over them.
    for capability in (None, "dac_read_search", "dac_override"):
        extra = (f"--inh-caps=+{capability}", f"--ambient-caps=+{capability}") if capability else ()
        # The shell in between matters: setpriv's own exec still has root's rights.
        probe = [*drop, *extra, "sh", "-c", 'exec "$0" --version', str(program)]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return (*drop, *extra)
    raise StackError(
        f"Postgres does not run as root, and uid {uid} cannot reach {program}\n"
        "  fix: clone into a folder that everybody may enter (such as /opt), or start as an ordinary user"
    )
