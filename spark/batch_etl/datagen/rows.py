"""The three kinds of record with their true values, and how a source turns values into text."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from batch_etl.datagen.dice_rows import Numbers


class Sale(NamedTuple):
    """Columns in the order of the contract; money in cents, the rate in ten-thousandths."""

    sale_id: str
    customer_id: str
    product_id: str
    quantity: int
    unit_price: int
    discount_rate: int
    sold_at: int
    region: str
    payment_method: str


class Customer(NamedTuple):
    """Columns in the order of the contract; registered_on as an ordinal day."""

    customer_id: str
    full_name: str
    email: str
    phone: str | None
    city: str
    country_code: str
    segment: str
    registered_on: int
    updated_at: int


class Product(NamedTuple):
    """Columns in the order of the contract; money in cents."""

    product_id: str
    product_name: str
    category: str
    list_price: int
    cost: int
    stock_quantity: int
    supplier_name: str | None
    updated_at: int


Truth = TypeVar("Truth", Sale, Customer, Product)
Cells = dict[str, Any]


class Source(Protocol[Truth]):
    """One dataset: what its n-th record would say if nothing were spoilt, and how that is written down.

    Cells are the record's values as written, by column; they are what dirt is put on. A column that is missing from
    the cells of a JSON document is absent from it.
    """

    name: str
    columns: tuple[str, ...]
    has_header: bool

    def drafts(self, start: int, stop: int) -> "Drafts[Truth]":
        """The untouched records from start to before stop."""
        ...

    def cells(self, truth: Truth) -> Cells: ...

    def write(self, cells: Cells) -> str: ...

    def write_otherwise(self, cells: Cells) -> str:
        """The same values spelled in another way that is just as right."""
        ...

    def version_order(self, truth: Truth) -> int: ...


class Drafts(Protocol[Truth]):
    """Consecutive records as they would be if nothing were spoilt. What has a length has one element a record."""

    def at(self, place: int) -> tuple[Truth, str]:
        """A record's true values, and what is peculiar about it ('' for nothing)."""
        ...

    def lines(self) -> pa.StringArray:
        """Each as it is written, with its line end."""
        ...

    def kinds(self) -> pa.StringArray:
        """What is peculiar about each."""
        ...

    def cents(self) -> Numbers:
        """What each adds to the ledger of its file."""
        ...

    def replaced(self, places: Sequence[int], others: Sequence[Truth]) -> Any:  # noqa: ANN401 - what Star takes
        """The records but those at some places, and then the others."""
        ...


def csv_cell(text: str) -> str:
    """Quote by RFC 4180 where it is needed."""
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(mark in text for mark in ',"\r\n') else text


def csv_line(cells: Mapping[str, str]) -> str:
    line = ",".join(cells.values())
    # Most lines need no quotes at all: one look at the whole is quicker than one at every cell.
    if '"' not in line and "\n" not in line and line.count(",") == len(cells) - 1:
        return line
    return ",".join(map(csv_cell, cells.values()))


def csv_line_all_quoted(cells: Mapping[str, str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells.values())
    return line.getvalue()


def json_line(cells: Cells) -> str:
    return json.dumps(cells, ensure_ascii=False)


def json_line_reversed(cells: Cells) -> str:
    """The same document from another exporter: keys in another order, characters escaped, no blanks."""
    return json.dumps(dict(reversed(cells.items())), ensure_ascii=True, separators=(",", ":"))
