#!/usr/bin/env python3
"""Check a running stack within seconds: services, ports, logins, the DAG, workers, disk and memory.

usage: validate_simple.py [--json]
ie:    python3 validate_simple.py

Needs Python 3.10 and nothing else. Every failure is shown with its cause and its fix, and appended to
data/logs/pipeline_validation.log. Exit code 0 where all is well, 1 otherwise.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timezone

from stack.backend import StackError
from stack.checks import Finding, run_all
from stack.layout import LOGS
from stack.modes import open_current
from stack.settings import load_settings

LOG = LOGS / "pipeline_validation.log"


def main(arguments: Sequence[str]) -> int:
    purpose, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=purpose, epilog=details, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    wants_json = parser.parse_args(arguments).json
    try:
        settings = load_settings()
        findings = run_all(settings, open_current(settings))
    except StackError as error:
        findings = [Finding("settings", is_ok=False, detail=str(error), fix="mend .env")]
    is_ok = all(finding.is_ok for finding in findings)
    remember(findings)
    if wants_json:
        print(json.dumps({"is_ok": is_ok, "findings": [asdict(finding) for finding in findings]}))
    else:
        print("\n".join(describe(finding) for finding in findings))
        print(
            "all is well"
            if is_ok
            else f"{sum(not finding.is_ok for finding in findings)} of {len(findings)} checks failed"
        )
    return 0 if is_ok else 1


def describe(finding: Finding) -> str:
    line = f"{'ok    ' if finding.is_ok else 'FAILED'}  {finding.check:<30} {finding.detail}"
    return line if finding.is_ok else f"{line}\n          fix: {finding.fix}"


def remember(findings: Sequence[Finding]) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")  # noqa: UP017 - Python 3.10 has no UTC
    with LOG.open("a", encoding="utf-8") as log:
        for finding in findings:
            log.write(json.dumps({"at_utc": now, **asdict(finding)}) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
