"""Writes the star of a mart: whole, or what differs from the mart before.

A month of sales is a function of the records that stand in it and of the versions that they meet. So a month is
computed again where a record came, went or changed, or where a sale meets another version than before; every other one
is taken over. Whatever is taken as the mart before, the result is the same; the newest leaves the least to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame

from batch_etl.recompute import Recompute
from batch_etl.stores.changed_sales import find_changed_sales
from batch_etl.stores.clean_records import CleanRecords
from batch_etl.stores.lake import files_in, read_part
from batch_etl.stores.mart import Inputs
from batch_etl.stores.mart_tables import MartTables
from batch_etl.stores.sale_files import (
    DIMENSIONS,
    SALES,
    SalesToWrite,
    StandingFile,
    rollup_types,
    sales_type,
    write_rollups,
    write_sales,
)
from batch_etl.transforms.months import months_in
from batch_etl.transforms.star import build_dates, build_dimension
from batch_etl.transforms.statements import SALES_BY_MONTH

_UNKNOWN = {
    "customer": {"full_name": "unknown", "segment": "unknown"},
    "product": {"product_name": "unknown", "category": "unknown"},
}


@dataclass(frozen=True)
class WrittenStar:
    """The tables of the star and its rollups of months, by their names in queries, and the months that were computed.

    months  None where all of them were
    """

    tables: Mapping[str, DataFrame]
    months: frozenset[str] | None


def write_star(clean: CleanRecords, tables: MartTables, recompute: Recompute) -> WrittenStar:
    before = Inputs.read(tables.before) if tables.before else None
    with clean.lake.scratch() as scratch:
        dimensions = {name: _write_dimension(name, clean, tables, before) for name in DIMENSIONS}
        changed = _sales_to_write(clean, tables, before, recompute, scratch)
        write_sales(clean, tables, changed, scratch / "sales")
        write_rollups(tables, scratch / "rollups", only=changed.months)
    contract = clean.contracts["sales"]
    sales = tables.read_months(SALES, sales_type(contract))
    rollups = {name: tables.read_months(SALES_BY_MONTH[name], kind) for name, kind in rollup_types(contract).items()}
    dates = tables.write_rows("core.dim_date", build_dates(_years(tables.months(SALES))))
    star = {f"dim_{name}": rows for name, rows in dimensions.items()}
    star |= {"dim_date": dates, "fct_sale": sales, **rollups}
    return WrittenStar(star, changed.months)


def _sales_to_write(
    clean: CleanRecords, tables: MartTables, before: Inputs | None, recompute: Recompute, scratch: Path
) -> SalesToWrite:
    changed = find_changed_sales(clean, tables, before, scratch / "changed") if before else None
    if changed is None or changed.months is None:
        return SalesToWrite(_standing_sales(clean, scratch))
    asked = _asked_months(clean, recompute) if recompute.has_months else set[str]()
    if asked <= changed.months - changed.grown:
        return changed
    return SalesToWrite(_standing_sales(clean, scratch), changed.months | asked)


def _standing_sales(clean: CleanRecords, scratch: Path) -> list[StandingFile]:
    return list(map(StandingFile, clean.current_files("sales", scratch)))


def _years(months: Sequence[str]) -> range:
    """The calendar years from the first month to the last."""
    return range(int(months[0][:4]), int(months[-1][:4]) + 1) if months else range(0)


def _write_dimension(name: str, clean: CleanRecords, tables: MartTables, before: Inputs | None) -> DataFrame:
    dataset, table = f"{name}s", f"core.dim_{name}"
    if before is not None and before.of(dataset) == clean.inputs.of(dataset):
        return tables.take_over(table)
    return tables.write_rows(table, build_dimension(clean.current_rows(dataset), name=name, unknown=_UNKNOWN[name]))


def _asked_months(clean: CleanRecords, recompute: Recompute) -> set[str]:
    files = files_in(clean.inputs.clean_folders(clean.lake, "sales").values())
    moments = (read_part(file, ["sold_at_utc"]) for file in files)
    months = set[str]().union(*(months_in(rows["sold_at_utc"]) for rows in moments))
    return {month for month in months if recompute.includes(month)}
