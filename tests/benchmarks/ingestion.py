"""How long landing and taking apart of sales take, and what they hold in memory; no test, a figure.

usage: PYTHONPATH=spark python -m tests.benchmarks.ingestion RECORDS
ie:    PYTHONPATH=spark python -m tests.benchmarks.ingestion 1000000
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from batch_etl.contracts.reader import read_contract
from batch_etl.stores.landing import Limits, land
from batch_etl.stores.source_reader import pieces_of, take_apart
from tests.benchmarks.sales_file import write_sales

PROJECT = Path(__file__).resolve().parents[2]


def main(records: int) -> None:
    """One process, one core: what a task of Spark does, without Spark."""
    contract = read_contract(PROJECT / "config/contracts/sales.odcs.yaml")
    limits = Limits(split_bytes=32 * 1024 * 1024, max_unpacked_bytes=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "sales.csv"
        write_sales(file, records)
        print(f"{records:,} records, {file.stat().st_size:,} bytes")
        with measured("land"):
            batch, _ = land(file, contract, landing=folder / "landing", limits=limits)
        with measured("land again, known"):
            land(file, contract, landing=folder / "landing", limits=limits, known_sizes={batch.size_bytes})
        with measured("take apart"):
            for piece in pieces_of(batch, contract):
                parts = folder / str(piece.split.offset)
                parts.mkdir()
                take_apart([piece], parts, landing=folder / "landing")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")


@contextmanager
def measured(what: str) -> Iterator[None]:
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - wall:.2f} s, of processor {time.process_time() - cpu:.2f} s")


if __name__ == "__main__":
    main(int(sys.argv[1]))
