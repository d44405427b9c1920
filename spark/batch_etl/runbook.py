"""Entries of docs/runbook.md, by what errors, checks and incidents are called."""

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path


def read_entries(project: Path) -> dict[str, str]:
    """Heading -> what is said below it, in the runbook's order; nothing where there is no runbook."""
    file = project / "docs/runbook.md"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    return dict(re.findall(r"^##+ (.+)\n((?:(?!##+ ).*\n)*)", text, re.MULTILINE))


def heading_of(name: str, headings: Iterable[str]) -> str | None:
    """The heading that is this, or that names it among other ones; None where there is none."""
    for heading in headings:
        names = re.sub(r" \(\w+\)$", "", heading).split(", ")
        # key_of_* stands for the checks of all keys.
        if heading == name or any(fnmatchcase(name, known) for known in names):
            return heading
    return None
