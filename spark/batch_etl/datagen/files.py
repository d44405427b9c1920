"""Writes the raw files of a size and, beside them, what a perfect pipeline makes of them."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from batch_etl.datagen.figures import Totals
from batch_etl.datagen.ledger import FileLedger
from batch_etl.datagen.marts import table_totals
from batch_etl.datagen.recipes import recipes
from batch_etl.datagen.rows import Source
from batch_etl.datagen.star import Star
from batch_etl.datagen.stream import Part
from batch_etl.datagen.workers import parts_of
from batch_etl.datagen.world import World, records_beside

SIZES = {"small": 20, "medium": 100, "large": 5_000}
_FILE_NAMES = {
    "customers": "customer_data_{}.json",
    "products": "products_data_{}.csv",
    "sales": "sales_data_{}.csv",
}
_ANSWER_HEADER = b"record_number,outcome,kind,reasons\n"


@dataclass(frozen=True)
class Place:
    """Where the files of a size go; label stands in their names: small, medium, large or the number of sales."""

    label: str
    raw: Path
    expected: Path

    def file_name(self, dataset: str) -> str:
        return _FILE_NAMES[dataset].format(self.label)


def generate_size(world: World, *, sales: int, place: Place, processes: int = 1) -> Totals:
    """Write three raw files, the answers to each and the totals; return the totals.

    The same bytes whatever the number of processes is. A process holds one part of a file at a time.
    """
    place.raw.mkdir(parents=True, exist_ok=True)
    place.expected.mkdir(parents=True, exist_ok=True)
    counts = {dataset: int(count[0]) for dataset, count in records_beside(np.array([sales])).items()}
    star = Star()
    add_to_star: dict[str, Callable[[Any], None]] = {
        "customers": star.add_customers,
        "products": star.add_products,
        "sales": star.add_sales,
    }
    with parts_of(world, processes) as parts:
        ledgers = [
            _write_file(parts(dataset, counts[dataset]), recipe.source, place, add_to_star[dataset])
            for dataset, recipe in recipes(world).items()
        ]
    quarantined = sum(ledger.counts["quarantined"] for ledger in ledgers)
    totals = {
        "files": {place.file_name(ledger.dataset): ledger.totals() for ledger in ledgers},
        "tables": table_totals(star) | {"quarantine.records": {"rows": quarantined}},
    }
    with _writing(place.expected / f"{place.label}.totals.json") as file:
        file.write((json.dumps(totals, indent=2, ensure_ascii=False) + "\n").encode())
    return totals


def _write_file(
    parts: Iterable[Part], source: Source[Any], place: Place, add_to_star: Callable[[Any], None]
) -> FileLedger:
    """Write one file and its answers in one pass."""
    name = place.file_name(source.name)
    ledger = FileLedger(source.name)
    with _writing(place.raw / name) as data, _writing(place.expected / f"{name}.answers.csv") as answers:
        answers.write(_ANSWER_HEADER)
        if source.has_header:
            data.write(f"{','.join(source.columns)}\n".encode())
        for part in parts:
            data.write(part.data)
            answers.write(part.answers)
            ledger.merge(part.ledger)
            add_to_star(part.clean)
    return ledger


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """Written beside and renamed, so no half file is ever seen."""
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("wb") as file:
        yield file
    unfinished.replace(path)
