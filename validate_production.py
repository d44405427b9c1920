#!/usr/bin/env python3
"""Run the pipeline on large and on generated data: exact totals, throughput, growth, memory, a crash, an idle run.

usage: validate_production.py [--rows N] [--json] [--apart]
ie:    python3 validate_production.py --rows 1000000

Works on the stack that runs, through Airflow's REST API, and needs Python 3.10 and nothing else. Runs on large, on a
tenth of the rows and on all of them, ends the Spark worker without warning on the way, and prints what each size has
cost; a plot goes to data/logs/validation_production.svg. What it generates is deleted from data/raw at the end, but
stays in the warehouse: ./clean.sh empties that.

A warehouse that holds files without a known answer is left alone: --apart validates in a stack of its own, made beside
this one from what lies here and removed at the end. Findings go to data/logs/pipeline_validation.log too. Exit code 0
where all is well, 1 otherwise.
"""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from stack import output
from stack.apart import validate_apart
from stack.modes import open_current
from stack.production import Point, as_table, validate
from stack.session import work_on_stack
from stack.settings import load_settings
from stack.verdict import Verdict, argument_parser

FEWEST_ROWS = 100_000


def main(arguments: Sequence[str]) -> int:
    parser = argument_parser(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="sales of the largest run (default: 1000000)")
    parser.add_argument("--apart", action="store_true", help="in a stack of its own beside the one that runs")
    chosen = parser.parse_args(arguments)
    if chosen.rows < FEWEST_ROWS:
        parser.error(f"--rows must be at least {FEWEST_ROWS}: a tenth of it must be more than large")
    if chosen.apart:
        return validate_apart("validate_production.py", arguments)
    verdict = Verdict("validate_production.py", is_json=chosen.json)
    points: list[Point] = []
    work_on_stack(verdict, lambda demo: points.extend(validate(demo, open_current(load_settings()), chosen.rows)))
    if points and not chosen.json:
        print(as_table(points))
    return verdict.conclude(points=[asdict(point) for point in points])


if __name__ == "__main__":
    sys.exit(output.run(main, sys.argv[1:]))
