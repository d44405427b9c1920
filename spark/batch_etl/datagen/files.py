"""Writes the raw files of a size and, beside them, what a perfect pipeline makes of them."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from batch_etl.datagen.customers import Customers
from batch_etl.datagen.customers_dirt import CUSTOMERS_DECK
from batch_etl.datagen.ledger import FileLedger
from batch_etl.datagen.marts import table_totals
from batch_etl.datagen.products import Products
from batch_etl.datagen.products_dirt import PRODUCTS_DECK
from batch_etl.datagen.rows import Customer, Product, Sale, Source, Truth
from batch_etl.datagen.sales import Sales
from batch_etl.datagen.sales_dirt import sales_deck
from batch_etl.datagen.star import Star
from batch_etl.datagen.stream import Recipe, Record
from batch_etl.datagen.world import World, records_beside

SIZES = {"small": 20, "medium": 100, "large": 5_000}
_FILE_NAMES = {
    "customers": "customer_data_{}.json",
    "products": "products_data_{}.csv",
    "sales": "sales_data_{}.csv",
}
_ANSWER_HEADER = ("record_number", "outcome", "kind", "reasons")


@dataclass(frozen=True)
class Place:
    """Where the files of a size go; label stands in their names: small, medium, large or the number of sales."""

    label: str
    raw: Path
    expected: Path

    def file_name(self, dataset: str) -> str:
        return _FILE_NAMES[dataset].format(self.label)


def recipes(world: World) -> tuple[Recipe[Customer], Recipe[Product], Recipe[Sale]]:
    """How the files of each dataset are made."""
    sales = Sales(world)
    return (
        Recipe(Customers(world), CUSTOMERS_DECK, ledger_column=None),
        Recipe(Products(world), PRODUCTS_DECK, ledger_column="list_price_usd"),
        Recipe(sales, sales_deck(sales), ledger_column="unit_price_usd"),
    )


def generate_size(world: World, *, sales: int, place: Place) -> dict[str, Any]:
    """Write three raw files, the answers to each and the totals; return the totals."""
    place.raw.mkdir(parents=True, exist_ok=True)
    place.expected.mkdir(parents=True, exist_ok=True)
    counts = records_beside(sales)
    star = Star()
    of_customers, of_products, of_sales = recipes(world)
    # Sales last: what they refer to must be known by then.
    ledgers = (
        _generate(of_customers.records(world, counts["customers"]), of_customers.source, place, star.add_customer),
        _generate(of_products.records(world, counts["products"]), of_products.source, place, star.add_product),
        _generate(of_sales.records(world, counts["sales"]), of_sales.source, place, star.add_sale),
    )
    quarantined = sum(ledger.counts["quarantined"] for ledger in ledgers)
    totals = {
        "files": {place.file_name(ledger.dataset): ledger.totals() for ledger in ledgers},
        "tables": table_totals(star) | {"quarantine.records": {"rows": quarantined}},
    }
    with _writing(place.expected / f"{place.label}.totals.json") as file:
        file.write(json.dumps(totals, indent=2, ensure_ascii=False) + "\n")
    return totals


def _generate(
    records: Iterator[Record[Truth]], source: Source[Truth], place: Place, add_to_star: Callable[[Truth], None]
) -> FileLedger:
    """Write one file and its answers in one pass."""
    name = place.file_name(source.name)
    ledger = FileLedger(source.name)
    with _writing(place.raw / name) as data, _writing(place.expected / f"{name}.answers.csv") as answers:
        answer_rows = csv.writer(answers, lineterminator="\n")
        answer_rows.writerow(_ANSWER_HEADER)
        if source.has_header:
            data.write(",".join(source.columns) + "\n")
        for number, record in enumerate(records, start=1):
            data.write(record.line + "\n")
            answer_rows.writerow((number, record.outcome, record.kind, "|".join(record.reasons)))
            ledger.add(record)
            if record.outcome == "clean" and record.truth is not None:
                add_to_star(record.truth)
    return ledger


@contextmanager
def _writing(path: Path) -> Iterator[TextIO]:
    """Text that is the same on every platform: UTF-8, LF. Written beside and renamed, so no half file is ever seen."""
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        yield file
    unfinished.replace(path)
