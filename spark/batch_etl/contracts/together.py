"""Faults that no contract has by itself: names that are taken, files that two claim, references that lead nowhere."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.transforms.rollups import ROLLUPS, TOTALS

# A table in core or its history would have this name, or queries know another one by it.
_TAKEN = (
    "dim_customer",
    "dim_date",
    "dim_product",
    "fct_sale",
    "measured_sales",
    "new_parts",
    "records",
    *ROLLUPS,
    *TOTALS,
)
# What the star computes for the rows of a dataset.
_OF_A_VERSION = ("valid_from_utc", "valid_to_utc", "is_current")
COMPUTED = {
    "sales": ("sold_on", "customer_key", "product_key", "gross_usd", "discount_usd", "net_usd"),
    "customers": ("customer_key", *_OF_A_VERSION),
    "products": ("product_key", *_OF_A_VERSION),
}
# Columns without which the star and its key figures have no row: they are NOT NULL in its tables.
NEVER_EMPTY = {
    "sales": (
        *("sale_id", "sold_at_utc", "customer_id", "product_id", "quantity", "unit_price_usd", "discount_rate"),
        *("region", "payment_method"),
    ),
    "customers": ("customer_id", "full_name", "segment"),
    "products": ("product_id", "product_name", "category"),
}


def missing_contracts(contracts: Mapping[str, Contract], folder: Path) -> list[str]:
    """What the star is made of has to have a contract."""
    missing = (name for name in COMPUTED if name not in contracts)
    return [f"{folder}/{name}.odcs.yaml: missing; restore it from the repository" for name in missing]


def faults_together(contracts: Mapping[str, Contract], unread: set[str], folder: Path) -> list[str]:
    """What is wrong between contracts. unread: datasets whose own faults are told already."""
    found = [
        *_taken_names(contracts),
        *_optional_columns(contracts),
        *_shared_files(contracts),
        *_dead_references(contracts, unread),
    ]
    return [f"{folder}: {fault}" for fault in found]


def _taken_names(contracts: Mapping[str, Contract]) -> Iterator[str]:
    for dataset, contract in contracts.items():
        # The checks show what is staged under its name: a table of the catalogue would be hidden.
        if dataset in _TAKEN or dataset.startswith("pg_"):
            yield f"{dataset}: the warehouse has another table of this name; give the dataset another one"
        for name in contract.column_names:
            if name in COMPUTED.get(dataset, ()):
                yield f"{dataset}: the column {name} is computed; of the files it needs another name"


def _optional_columns(contracts: Mapping[str, Contract]) -> Iterator[str]:
    for dataset, contract in contracts.items():
        for column in contract.columns:
            if column.name in NEVER_EMPTY.get(dataset, ()) and not column.is_required:
                yield f"{dataset}: the column {column.name} may never be empty in the warehouse; give it required: true"


def _shared_files(contracts: Mapping[str, Contract]) -> Iterator[str]:
    for one, other in combinations(contracts.values(), 2):
        name = shared_name(one.file_pattern, other.file_pattern)
        if name is not None:
            yield (
                f"{one.dataset}, {other.dataset}: a file such as {name} would belong to both, by "
                f"{one.file_pattern} and {other.file_pattern}; tell their names apart in servers.path"
            )


def _dead_references(contracts: Mapping[str, Contract], unread: set[str]) -> Iterator[str]:
    for contract in contracts.values():
        for name, (dataset, target) in contract.references.items():
            if dataset in unread:
                continue
            place = f"{contract.dataset}: {name} refers to {dataset}.{target}"
            if dataset not in contracts or target not in contracts[dataset].column_names:
                yield f"{place}, which no contract has"
            elif contracts[dataset].column(target).kind != contract.column(name).kind:
                yield f"{place}, which is of another type"


def shared_name(one: str, other: str) -> str | None:
    """A name that both globs of *, ? and other characters match, or None where there is none."""
    if not one or not other:
        return "" if not (one + other).strip("*") else None
    if other[0] == "*" and one[0] != "*":
        one, other = other, one
    if one[0] == "*":
        # The star stands for nothing, or for what the other one begins with.
        without = shared_name(one[1:], other)
        if without is not None:
            return without
        longer = shared_name(one, other[1:])
        return None if longer is None else other[0].replace("*", "").replace("?", "x") + longer
    if one[0] != other[0] and "?" not in (one[0], other[0]):
        return None
    rest = shared_name(one[1:], other[1:])
    return None if rest is None else (other[0] if one[0] == "?" else one[0]).replace("?", "x") + rest
