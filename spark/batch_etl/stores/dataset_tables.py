"""Writes the tables of datasets that the star is not made of: of each key the version that stands."""

from pyspark.sql import DataFrame

from batch_etl.stores.clean_records import CleanRecords
from batch_etl.stores.contract_tables import own_datasets, table_of
from batch_etl.stores.mart import Inputs
from batch_etl.stores.mart_tables import MartTables


def write_datasets(clean: CleanRecords, tables: MartTables) -> dict[str, DataFrame]:
    """Write core.<dataset> of each of them; one that no new batch came of is taken from the mart before."""
    before = Inputs.read(tables.before) if tables.before else None
    return {dataset: _write(dataset, clean, tables, before) for dataset in own_datasets(clean.contracts)}


def _write(dataset: str, clean: CleanRecords, tables: MartTables, before: Inputs | None) -> DataFrame:
    table = table_of(dataset)
    if before is not None and before.of(dataset) == clean.inputs.of(dataset):
        return tables.take_over(table)
    if clean.is_small(dataset):
        return tables.write_rows(table, clean.current_rows(dataset))
    return tables.write(table, clean.current_records(dataset))
