"""Where each mart comes from: read from its SQL, so that it cannot go out of date."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What transforms/star.py computes each table of core from.
_BUILT_FROM = {
    "dim_customer": ("customers",),
    "dim_product": ("products",),
    "dim_date": ("sales",),
    "fct_sale": ("sales", "customers", "products"),
}
_READ = re.compile(r"\b(?:FROM|JOIN)\s+([a-z_]+)")
_COMMENT = re.compile(r"--.*")


def trace_marts(
    queries: Mapping[str, str], batches: Sequence[Mapping[str, Any]], changed: Iterable[str]
) -> list[dict[str, Any]]:
    """One row a mart: the core tables its query reads, the datasets behind them, and how many files those are.

    queries  name of the mart -> its SQL
    batches  rows of run_batches.sql
    changed  tables that the run's releases changed
    """
    files = {row["dataset"]: row["batches"] for row in batches}
    touched = set(changed)
    rows = []
    for mart, query in sorted(queries.items()):
        tables = [table for table in _BUILT_FROM if table in set(_READ.findall(_COMMENT.sub("", query)))]
        datasets = list(dict.fromkeys(dataset for table in tables for dataset in _BUILT_FROM[table]))
        rows.append(
            {
                "mart": f"marts.{mart}",
                "tables": [f"core.{table}" for table in tables],
                "datasets": {dataset: files.get(dataset, 0) for dataset in datasets},
                "is_changed": f"marts.{mart}" in touched,
            }
        )
    return rows
