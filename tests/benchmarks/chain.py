"""The whole chain beside what people take otherwise: same files, same rules, same tables, one after the other.

usage: python -m tests.benchmarks.chain [--rows N,N,...] [--contenders NAME,NAME,...] [--warm] [--write]
ie:    python -m tests.benchmarks.chain --rows 20,5000,100000,1000000,10000000 --write

Run it in .local/venv. --write puts the table and the plot into docs/. What was measured stands in .local/chain.json,
until the same is measured again; --write with --rows "" writes it down again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from stack import databases
from stack.local import java
from tests.benchmarks.chain_files import write_sources
from tests.benchmarks.chain_report import write_report
from tests.benchmarks.conftest import install_contenders
from tests.benchmarks.memory import PeakMemory
from tests.benchmarks.spark_cluster import MASTER, running_cluster
from tests.benchmarks.target_tables import drop_database, make_database, run_statements, totals
from tests.server import running_server

PROJECT = Path(__file__).resolve().parents[2]
RESULTS = PROJECT / ".local/chain.json"
# Name -> module, and in which ways it is run: with how many executors, and whether each stage is a process of its own,
# as a scheduler starts it.
_SPARK_WAYS = ((2, False), (1, False), (2, True))
CONTENDERS = {
    "this pipeline": ("chain_pipeline", _SPARK_WAYS),
    "Spark template": ("chain_template", _SPARK_WAYS),
    "DuckDB + COPY": ("chain_duckdb", ((2, False),)),
    "Polars + COPY": ("chain_polars", ((2, False),)),
    "dlt": ("chain_dlt", ((2, False),)),
}

_ON_SPARK = {module for module, ways in CONTENDERS.values() if ways == _SPARK_WAYS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="20,5000,100000,1000000")
    parser.add_argument("--contenders", default=",".join(CONTENDERS))
    parser.add_argument("--warm", action="store_true", help="only with two executors, all stages in one process")
    parser.add_argument("--write", action="store_true", help="put table and plot into docs/")
    arguments = parser.parse_args()
    if arguments.rows:
        sizes = [int(rows) for rows in arguments.rows.split(",")]
        for result in measured(sizes, arguments.contenders.split(","), ways=1 if arguments.warm else None):
            _remember(result)
    if arguments.write:
        write_report(_known(), PROJECT / "docs")


def _known() -> list[dict[str, Any]]:
    known: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    return known


def _remember(result: dict[str, Any]) -> None:
    def of(each: dict[str, Any]) -> tuple[Any, ...]:
        return each["rows"], list(CONTENDERS).index(each["contender"]), each["is_cold"], -each["executors"]

    kept = [each for each in _known() if of(each) != of(result)]
    RESULTS.write_text(json.dumps(sorted([*kept, result], key=of), indent=1), encoding="utf-8")


def measured(sizes: list[int], names: list[str], *, ways: int | None) -> Iterator[dict[str, Any]]:
    """A result a size, contender and way, of these so many. Raises AssertionError where two tell different totals."""
    environ = _environ(install_contenders())
    with running_server() as server:
        run_statements(server.dsn, *databases.role_statements({"loader": "trusted", "reader": "trusted"}))
        for rows in sizes:
            with tempfile.TemporaryDirectory(prefix="chain-") as folder:
                write_sources(Path(folder), rows)
                told: dict[str, Any] = {}
                for name in names:
                    for result in ways_of(name, Path(folder), server.dsn, environ, ways=ways):
                        told[name] = result.pop("totals")
                        assert told[name] == told[names[0]], told
                        print(json.dumps({"rows": rows} | result), flush=True)
                        yield {"rows": rows} | result


def ways_of(
    name: str, sources: Path, server: str, environ: dict[str, str], *, ways: int | None
) -> Iterator[dict[str, Any]]:
    """Run one contender in the first so many of its ways, or in all of them, each in a database of its own."""
    module, known_ways = CONTENDERS[name]
    stages = 0
    for executors, is_cold in known_ways[:ways]:
        dsn = make_database(server)
        result = run(module, [sources, dsn, executors], environ, cold_stages=stages if is_cold else 0)
        stages = len(result["stages"])
        way = {"contender": name, "executors": executors, "is_cold": is_cold}
        yield way | result | {"totals": totals(dsn)}
        drop_database(server, dsn)


def run(module: str, task: list[Any], environ: dict[str, str], *, cold_stages: int = 0) -> dict[str, Any]:
    """Run a contender in a folder of its own, in one process, or in so many, one a stage.

    The cluster, where it needs one, stands before the clock runs.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="contender-", dir=task[0].parent)))
        if module in _ON_SPARK:
            environ = environ | {MASTER: stack.enter_context(running_cluster(folder, environ))}
        command = [sys.executable, "-m", f"tests.benchmarks.{module}", folder, *map(str, task)]
        stages: dict[str, float] = {}
        watch = stack.enter_context(PeakMemory())
        started = time.perf_counter()
        for processes in [[f"--after={done}"] for done in range(cold_stages)] or [[]]:
            stages |= _told([*command, *processes], environ)
        seconds = round(time.perf_counter() - started, 2)
    cpu_seconds = round(watch.cpu_seconds, 1)
    return {"seconds": seconds, "stages": stages, "cpu_seconds": cpu_seconds, "peak_mib": watch.peak_mib}


def _told(command: list[Any], environ: dict[str, str]) -> dict[str, float]:
    """The stages that a process ran, and their seconds: the last line that it wrote."""
    done = subprocess.run(command, check=False, env=environ, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"{command} ended with {done.returncode}"
    stages: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return stages


def _environ(contenders: Path) -> dict[str, str]:
    paths = os.pathsep.join(map(str, (PROJECT / "spark", PROJECT, contenders)))
    return {**os.environ, "PYTHONPATH": paths, "JAVA_HOME": str(java.java_home()), "PYSPARK_PYTHON": sys.executable}


if __name__ == "__main__":
    main()
