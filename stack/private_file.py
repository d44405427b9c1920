"""Files that hold secrets: readable by their owner alone from the first moment, never half written."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write beside and rename. An interrupted write must not cost the keys that encrypt what is stored."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    beside.replace(path)
