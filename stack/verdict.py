"""What a validation says: findings as they come, a line each in the log, and an exit code at the end."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import Any

from stack.layout import LOGS, shown
from stack.output import plain
from stack.progress import Progress

LOG = LOGS / "pipeline_validation.log"


@dataclass(frozen=True)
class Finding:
    """The answer to one question. `fix` is empty where all is well."""

    check: str
    is_ok: bool
    detail: str
    fix: str = ""


class Verdict:
    """Collects findings. With JSON, standard output holds one object at the end, and progress goes to stderr."""

    def __init__(self, script: str, *, is_json: bool) -> None:
        self.progress = Progress(sys.stderr if is_json else sys.stdout)
        self.findings: list[Finding] = []
        self._script = script
        self._is_json = is_json

    def add(self, *findings: Finding) -> bool:
        """Show and log them; true where all are well."""
        self.findings += findings
        for finding in findings:
            self.progress.say(describe(finding))
        try:
            self._log(findings)
        except OSError as error:
            self._tell_no_log(error)
        return all(finding.is_ok for finding in findings)

    def conclude(self, **figures: Any) -> int:  # noqa: ANN401 - whatever JSON can hold
        """Say how it went; the exit code. figures go with the findings into the JSON."""
        failed = sum(not finding.is_ok for finding in self.findings)
        if self._is_json:
            told = {"is_ok": not failed, "findings": [asdict(finding) for finding in self.findings], **figures}
            print(json.dumps(told))
        elif failed:
            print(f"{self._script}: {failed} of {len(self.findings)} checks failed; see {shown(LOG)}", file=sys.stderr)
        else:
            print(f"{self._script}: all is well, {len(self.findings)} checks")
        return 1 if failed else 0

    def _log(self, findings: Sequence[Finding]) -> None:
        LOGS.mkdir(parents=True, exist_ok=True)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")  # noqa: UP017 - Python 3.10 has no UTC
        with LOG.open("a", encoding="utf-8") as log:
            for finding in findings:
                log.write(json.dumps({"at_utc": now, "script": self._script, **asdict(finding)}) + "\n")

    def _tell_no_log(self, error: OSError) -> None:
        """Once, and go on: what is wrong is told all the same."""
        fix = 'sudo chown -R "$USER" . after a start as root; else make room'
        finding = Finding("log", is_ok=False, detail=f"{shown(LOG)}: {error.strerror}", fix=fix)
        if finding not in self.findings:
            self.findings.append(finding)
            self.progress.say(describe(finding))


def describe(finding: Finding) -> str:
    line = f"{'ok    ' if finding.is_ok else 'FAILED'}  {finding.check:<34} {finding.detail}"
    return plain(line if finding.is_ok or not finding.fix else f"{line}\n                      fix: {finding.fix}")


def argument_parser(text: str | None) -> argparse.ArgumentParser:
    """A parser whose help is a script's own text, with the one option that all validations have."""
    purpose, _, details = (text or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=purpose, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return parser
