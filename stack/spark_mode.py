"""How the stages get to Spark: spark.mode of config/pipeline.yaml."""

import re
from pathlib import Path

from stack.layout import CONFIG

_SECTION = re.compile(r"^spark:.*\n((?:[ #].*\n|\n)*)", re.MULTILINE)
_MODE = re.compile(r"^ +mode: *[\"']?(\w+)", re.MULTILINE)


def spark_mode(file: Path = CONFIG / "pipeline.yaml") -> str:
    """submit or connect, as the file says. Found by its lines: a start has no library that reads YAML."""
    section = _SECTION.search(file.read_text(encoding="utf-8") + "\n") if file.exists() else None
    mode = _MODE.search(section[1]) if section else None
    return mode[1] if mode else "submit"
