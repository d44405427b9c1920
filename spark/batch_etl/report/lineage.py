"""Where each mart comes from: read from its SQL, so that it cannot go out of date."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from batch_etl.errors import ConfigurationError
from batch_etl.stores.contract_tables import STAR_TABLES
from batch_etl.transforms.rollups import ROLLUPS, TOTALS
from batch_etl.transforms.statements import parse_statement

# What transforms/star.py computes each table of core from.
_BUILT_FROM = {
    "dim_customer": ("customers",),
    "dim_product": ("products",),
    "dim_date": ("sales",),
    "fct_sale": ("sales", "customers", "products"),
}


def trace_marts(
    marts: Iterable[str], queries: Mapping[str, str], batches: Sequence[Mapping[str, Any]], changed: Iterable[str]
) -> list[dict[str, Any]]:
    """One row a mart: the core tables that its query reads, also through another query, and the datasets behind them.

    marts    names of those that are published
    queries  name -> SQL
    batches  rows of run_batches.sql
    changed  tables that the run's releases changed
    """
    files = {row["dataset"]: row["batches"] for row in batches}
    touched = set(changed)
    # Every dataset that the star is not made of has a table of its own name.
    built_from = _BUILT_FROM | {dataset: (dataset,) for dataset in sorted(files.keys() - STAR_TABLES.keys())}
    rows = []
    for mart in sorted(queries.keys() & set(marts)):
        read = _read_by(mart, queries)
        tables = [table for table in built_from if table in read]
        datasets = list(dict.fromkeys(dataset for table in tables for dataset in built_from[table]))
        rows.append(
            {
                "mart": f"marts.{mart}",
                "tables": [f"core.{table}" for table in tables],
                "datasets": {dataset: files.get(dataset, 0) for dataset in datasets},
                "is_changed": f"marts.{mart}" in touched,
            }
        )
    return rows


def _read_by(mart: str, queries: Mapping[str, str]) -> set[str]:
    """What the query of a mart reads, and what the marts and rollups among that read."""
    try:
        read = set(parse_statement(mart, queries[mart]).reads) - {mart}
    except ConfigurationError:
        # The report tells of a run that such a query has ended, too.
        return set()
    if read & (ROLLUPS.keys() | TOTALS.keys()):
        read.add("fct_sale")
    return read.union(*(_read_by(other, queries) for other in read & queries.keys()))
