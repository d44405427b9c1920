#!/usr/bin/env python3
"""Check a running stack within seconds: services, ports, logins, the DAG, workers, disk and memory.

usage: validate_simple.py [--json]
ie:    python3 validate_simple.py

Needs Python 3.10 and nothing else. Every failure is shown with its cause and its fix, and appended to
data/logs/pipeline_validation.log. Exit code 0 where all is well, 1 otherwise.
"""

import sys
from collections.abc import Sequence

from stack import output
from stack.backend import StackError
from stack.checks import run_all
from stack.modes import open_current
from stack.settings import load_settings
from stack.verdict import Finding, Verdict, argument_parser


def main(arguments: Sequence[str]) -> int:
    verdict = Verdict("validate_simple.py", is_json=argument_parser(__doc__).parse_args(arguments).json)
    try:
        settings = load_settings()
        verdict.add(*run_all(settings, open_current(settings)))
    except StackError as error:
        verdict.add(Finding("settings", is_ok=False, detail=str(error), fix="mend .env"))
    return verdict.conclude()


if __name__ == "__main__":
    sys.exit(output.run(main, sys.argv[1:]))
