"""Writes the star of a mart: whole, or what differs from the mart before.

A month of sales is a function of the records that stand in it and of the versions that they meet. So a month is
computed again where a record came, went or changed, or where a sale meets another version than before; every other one
is taken over. Whatever is taken as the mart before, the result is the same; the newest leaves the least to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from batch_etl.recompute import Recompute
from batch_etl.stores.clean_records import CleanRecords, files_of
from batch_etl.stores.lake import read_part
from batch_etl.stores.mart import Inputs, changed_batches
from batch_etl.stores.mart_tables import MartTables
from batch_etl.stores.sale_files import (
    DIMENSIONS,
    SALES,
    read_versions,
    rollup_types,
    sales_type,
    write_rollups,
    write_sales,
    write_totals,
)
from batch_etl.transforms.facts import clean_schema
from batch_etl.transforms.months import keys_that_differ, months_in, moved_versions, rekeyed_months
from batch_etl.transforms.star import build_dates, build_dimension
from batch_etl.transforms.statements import SALES_BY_MONTH
from batch_etl.transforms.versions import current_versions

_UNKNOWN = {
    "customer": {"full_name": "unknown", "segment": "unknown"},
    "product": {"product_name": "unknown", "category": "unknown"},
}


@dataclass(frozen=True)
class WrittenStar:
    """The tables of the star and its rollups, by their names in queries, and the months that were computed.

    months  None where all of them were
    """

    tables: Mapping[str, DataFrame]
    months: frozenset[str] | None


def write_star(clean: CleanRecords, tables: MartTables, recompute: Recompute) -> WrittenStar:
    before = Inputs.read(tables.before) if tables.before else None
    months = None
    with clean.lake.scratch() as scratch:
        dimensions = {name: _write_dimension(name, clean, tables, before, scratch) for name in DIMENSIONS}
        if before is None:
            files = clean.current_files("sales", scratch)
        else:
            standing, months = _changed_sales(clean, tables, before, dimensions)
            asked = _asked_months(clean, recompute) - months if recompute.has_months else set[str]()
            if asked:
                files = clean.current_files("sales", scratch)
            else:
                files = files_of(standing, scratch / "standing") if months else []
            months |= asked
        write_sales(clean, tables, files, scratch / "sales", only=months)
        write_rollups(tables, scratch / "rollups", only=months)
    contract = clean.contracts["sales"]
    sales = tables.read_months(SALES, sales_type(contract))
    rollups = {name: tables.read_months(SALES_BY_MONTH[name], kind) for name, kind in rollup_types(contract).items()}
    dates = tables.write_rows("core.dim_date", build_dates(_years(tables.months(SALES))))
    star = {f"dim_{name}": rows for name, rows in dimensions.items()}
    star |= {"dim_date": dates, "fct_sale": sales, **rollups, **write_totals(tables, contract)}
    return WrittenStar(star, None if months is None else frozenset(months))


def _years(months: Sequence[str]) -> range:
    """The calendar years from the first month to the last."""
    return range(int(months[0][:4]), int(months[-1][:4]) + 1) if months else range(0)


def _write_dimension(
    name: str, clean: CleanRecords, tables: MartTables, before: Inputs | None, scratch: Path
) -> DataFrame:
    dataset, table = f"{name}s", f"core.dim_{name}"
    if before is not None and before.of(dataset) == clean.inputs.of(dataset):
        return tables.take_over(table)
    schema = clean_schema(clean.contracts[dataset])
    parts = [read_part(file, schema.names) for file in clean.current_files(dataset, scratch)]
    versions = pa.concat_tables([schema.empty_table(), *(part.select(schema.names).cast(schema) for part in parts)])
    return tables.write_rows(table, build_dimension(versions, name=name, unknown=_UNKNOWN[name]))


def _changed_sales(
    clean: CleanRecords, tables: MartTables, before: Inputs, dimensions: Mapping[str, DataFrame]
) -> tuple[DataFrame, set[str]]:
    """The months in which sales are not as they were, and the sales that stand in them: their contract's columns."""
    schema = sales_type(clean.contracts["sales"])
    was = tables.read_months_before(SALES, schema)
    keys, fresh, months = _arrivals(clean, before, tables, schema)
    moved = [
        moved_versions(tables.read_before(f"core.dim_{name}"), dimension, name=name)
        for name, dimension in dimensions.items()
        if before.of(f"{name}s") != clean.inputs.of(f"{name}s")
    ]
    kept = was.join(keys, keys.columns, "left_anti")
    months |= rekeyed_months(kept, moved, partial(read_versions, tables.folder))
    in_months = tables.read_months_before(SALES, schema, only=months).join(keys, keys.columns, "left_anti")
    return in_months.select(*clean.contracts["sales"].column_names).unionByName(fresh), months


def _arrivals(
    clean: CleanRecords, before: Inputs, tables: MartTables, schema: StructType
) -> tuple[DataFrame, DataFrame, set[str]]:
    """Keys of sales that may not stand as they stood, those that stand of them, the months they were or are in.

    schema  of core.fct_sale
    """
    contract = clean.contracts["sales"]
    gone, new = changed_batches(clean.lake, "sales", before, clean.inputs)
    if not gone and not new:
        nothing = clean.read_folders("sales", [])
        return nothing.select(*contract.key), nothing, set()
    arrived = clean.read_folders("sales", new)
    keys = keys_that_differ(clean.read_folders("sales", gone), arrived, contract.key).cache()
    # First in which months they stood, which two columns tell: of most deliveries in none.
    pointing = tables.read_months_before(SALES, schema).select(*contract.key, "sold_on")
    months = months_in(pointing.join(keys, keys.columns, "left_semi"), "sold_on")
    stood = tables.read_months_before(SALES, schema, only=months).select(*contract.column_names)
    # Where records only came, those that stood compete with them; where some are gone, all that ever came do.
    rivals = clean.read("sales") if gone else arrived.unionByName(stood)
    fresh = current_versions(rivals.join(keys, keys.columns, "left_semi"), contract).cache()
    return keys, fresh, months | months_in(fresh, "sold_at_utc")


def _asked_months(clean: CleanRecords, recompute: Recompute) -> set[str]:
    return {month for month in months_in(clean.read("sales"), "sold_at_utc") if recompute.includes(month)}
