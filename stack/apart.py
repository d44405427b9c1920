"""Validates in a stack of its own: a copy of what lies here, with other ports, its own database and its own data."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from stack.layout import LOGS, ROOT, VENV
from stack.mode import Mode, look_for_docker
from stack.modes import last_mode
from stack.ports import next_free
from stack.settings import load_settings
from stack.verdict import LOG
from stack.warehouse import size_of

# Far from the usual ones, so that the stack beside it can be started and stopped meanwhile.
_PORTS = {
    "AIRFLOW_PORT": 38080,
    "SPARK_UI_PORT": 38180,
    "SPARK_PORT": 38280,
    "SPARK_CONNECT_PORT": 38580,
    "POSTGRES_PORT": 38380,
    "REDIS_PORT": 38480,
}
# What a run or a start has made, and what is not for others.
_LEFT_OUT = (
    ".git",
    ".local",
    ".env",
    "processed",
    "logs",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
)


def validate_apart(script: str, arguments: Sequence[str]) -> int:
    """Run the script there with the same arguments but --apart; its exit code."""
    mode = last_mode() or ("local" if look_for_docker().trouble else "docker")
    with tempfile.TemporaryDirectory(prefix="data-pipeline-") as parent:
        folder = Path(parent) / "apart"
        copy_project(folder, mode)
        try:
            if _run(folder, "./start.sh", f"--{mode}", "--no-run", out=sys.stderr):
                return 1
            return _run(folder, sys.executable, script, *(one for one in arguments if one != "--apart"))
        finally:
            _run(folder, "./stop.sh", out=sys.stderr)
            _keep_findings(folder)
            _run(folder, "./clean.sh", "--all", "--yes", out=sys.stderr)


def copy_project(folder: Path, mode: Mode) -> None:
    """What lies here, committed or not, but for the data of others; with settings that touch nothing of this stack."""
    shutil.copytree(ROOT, folder, symlinks=True, ignore=_left_out)
    (folder / ".local").mkdir()
    if mode == "local" and VENV.exists():
        (folder / ".local" / "venv").symlink_to(VENV)
    address = load_settings()["BIND_ADDRESS"]
    lines = [f"{key}={next_free(address, port)}" for key, port in _PORTS.items()]
    lines += [f"BIND_ADDRESS={address}", "COMPOSE_PROJECT_NAME=data-pipeline-apart", "NOTIFY_URLS="]
    (folder / ".env").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _left_out(folder: str, names: list[str]) -> set[str]:
    if Path(folder) == ROOT / "data" / "raw":
        return {name for name in names if not size_of(name)}
    return {name for name in names if name in _LEFT_OUT}


def _keep_findings(folder: Path) -> None:
    """What the validation has written goes on here."""
    made = folder / LOGS.relative_to(ROOT)
    with suppress(FileNotFoundError):
        found = (made / LOG.name).read_text(encoding="utf-8")
        LOGS.mkdir(parents=True, exist_ok=True)
        with LOG.open("a", encoding="utf-8") as log:
            log.write(found)
    for file in made.glob("validation_*"):
        shutil.copy2(file, LOGS / file.name)


def _run(folder: Path, *command: str, out: TextIO | None = None) -> int:
    return subprocess.run(command, cwd=folder, stdout=out, check=False).returncode
