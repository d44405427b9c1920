"""Test data with its answers: seconds, processor time and memory, with one process and with one for each processor.

python -m pytest tests/benchmarks/bench_generate.py -s --rows 1000000,10000000
"""

import os
import resource
import time
from pathlib import Path

import pytest

from batch_etl.datagen.files import Place, generate_size
from batch_etl.datagen.world import World
from tests.benchmarks.memory import PeakMemory


@pytest.mark.timeout(3600)
def test_generating(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    print("\nrows | processes | seconds | processor seconds | bytes | peak MiB, pytest's own included")
    for rows in map(int, request.config.getoption("--rows").split(",")):
        for processes in (1, os.cpu_count() or 1):
            place = Place(str(rows), raw=tmp_path / "raw", expected=tmp_path / "expected")
            before, started = processor_seconds(), time.perf_counter()
            with PeakMemory() as memory:
                generate_size(World(dirt_ppm=30_000), sales=rows, place=place, processes=processes)
            seconds, busy = time.perf_counter() - started, processor_seconds() - before
            written = sum(file.stat().st_size for file in tmp_path.rglob("*") if file.is_file())
            print(f"{rows} | {processes} | {seconds:.1f} | {busy:.1f} | {written} | {memory.peak_mib}")


def processor_seconds() -> float:
    """Of this process and of those below it that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
