"""The virtual environment in .local/venv: made by uv from a complete lock, every file checked against its hash."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from stack.backend import StackError
from stack.layout import LOCAL, LOCAL_LOCK, LOGS, VENV, shown
from stack.progress import Progress

UV_VERSION = "0.13.8"
OLDEST_UV = (0, 8)
# 3.11 first: a Redis comes as a wheel for it on Linux and macOS, for 3.12 on Linux, for 3.13 nowhere.
PYTHONS = ("3.11", "3.12", "3.13")
# Names the locks that are installed, by their sha256, one a line.
MARKER = VENV / ".installed-locks"
# Of the caller's shell: the first two name another Python's world, the third doubles the start of every program later.
SHELL_ONLY = {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
# As pip does: a company's own certificate is in the system's store, not in uv's own. Older uv reads the second.
SYSTEM_CERTIFICATES = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}


def is_installed(lock: Path = LOCAL_LOCK) -> bool:
    return (VENV / "bin" / "python").exists() and MARKER.exists() and digest(lock) in MARKER.read_text().split()


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def install(progress: Progress, *, locks: Sequence[Path] = (LOCAL_LOCK,)) -> None:
    """Make the venv hold the first of `locks`; the others are sets that the first contains, and count as installed."""
    if is_installed(locks[0]):
        return
    uv = find_uv() or bootstrap_uv(progress)
    if not (VENV / "bin" / "python").exists():
        _run([uv, "venv", "--quiet", "--clear", "--python", pick_python()[1], str(VENV)])
    MARKER.unlink(missing_ok=True)
    with progress.step(f"installing {shown(locks[0])} into {shown(VENV)}"):
        _run(
            [
                uv,
                "pip",
                "sync",
                "--quiet",
                "--require-hashes",
                "--compile-bytecode",
                "--python",
                str(VENV),
                str(locks[0]),
            ]
        )
    mark_installed(locks)


def mark_installed(locks: Sequence[Path]) -> None:
    MARKER.write_text("".join(f"{digest(lock)}\n" for lock in locks))


def find_uv() -> str | None:
    """A uv on PATH that is new enough, or the one an earlier start fetched."""
    candidates = [shutil.which("uv"), str(LOCAL / "uv" / "bin" / "uv")]
    return next((uv for uv in candidates if uv and _uv_version(uv) >= OLDEST_UV), None)


def _uv_version(uv: str) -> tuple[int, ...]:
    try:
        shown_version = subprocess.run(
            [uv, "--version"], capture_output=True, text=True, timeout=10, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ()
    found = re.match(r"uv (\d+)\.(\d+)", shown_version)
    return tuple(int(part) for part in found.groups()) if found else ()


def bootstrap_uv(progress: Progress) -> str:
    home = LOCAL / "uv"
    with progress.step(f"fetching uv {UV_VERSION} into {shown(home)}"):
        try:
            _run([sys.executable, "-m", "venv", "--clear", str(home)])
        except StackError as error:
            raise StackError(
                f"{error}\n  fix: apt-get install python3-venv, or install uv and put it on PATH"
            ) from None
        _run([str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", f"uv=={UV_VERSION}"])
    return str(home / "bin" / "uv")


@cache
def pick_python() -> tuple[str, str]:
    """The best version of PYTHONS that this machine has, and its interpreter.

    Where there is none, the version stands for the interpreter as well: uv then downloads it.
    """
    for version in PYTHONS:
        for path in (sys.executable, *_on_path(f"python{version}"), *_on_path("python3")):
            if _python_version(path) == version:
                return version, path
    return PYTHONS[0], PYTHONS[0]


def _on_path(name: str) -> list[str]:
    places = [os.path.join(folder, name) for folder in os.get_exec_path()]  # noqa: PTH118 - PATH may hold anything
    return [place for place in places if os.access(place, os.X_OK)]


@cache
def _python_version(python: str) -> str:
    # Asked, not read off the name: a pyenv shim python3.12 exists and still fails where 3.12 is not chosen.
    ask = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-Ic", ask], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _run(command: list[str]) -> None:
    environ = SYSTEM_CERTIFICATES | {key: value for key, value in os.environ.items() if key not in SHELL_ONLY}
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / "install.log").open("a", encoding="utf-8") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=environ, check=False)
    if done.returncode:
        tail = "\n  ".join((LOGS / "install.log").read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
        raise StackError(f"{' '.join(command[:3])} failed with exit code {done.returncode}:\n  {tail}")
