#!/usr/bin/env python3
"""Run the pipeline on small and medium, and compare every figure with data/expected; again, back, and forth again.

usage: validate_complete.py [--json] [--apart]
ie:    python3 validate_complete.py

Works on the stack that runs, through Airflow's REST API, and needs Python 3.10 and nothing else. A warehouse that holds
files without a known answer is left alone: --apart validates in a stack of its own, made beside this one from what lies
here and removed at the end. Findings go to data/logs/pipeline_validation.log too. Exit code 0 where all is well, 1
otherwise.
"""

import sys
from collections.abc import Sequence

from stack import output
from stack.apart import validate_apart
from stack.complete import validate
from stack.session import work_on_stack
from stack.verdict import Verdict, argument_parser


def main(arguments: Sequence[str]) -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--apart", action="store_true", help="in a stack of its own beside the one that runs")
    chosen = parser.parse_args(arguments)
    if chosen.apart:
        return validate_apart("validate_complete.py", arguments)
    verdict = Verdict("validate_complete.py", is_json=chosen.json)
    work_on_stack(verdict, validate)
    return verdict.conclude()


if __name__ == "__main__":
    sys.exit(output.run(main, sys.argv[1:]))
