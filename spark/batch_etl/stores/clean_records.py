"""The clean records of all batches, and which of several versions of one stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from batch_etl.contract import Contract
from batch_etl.stores.attempts import shared_out
from batch_etl.stores.lake import Lake, count_rows, count_rows_of, files_in, read_part
from batch_etl.stores.mart import Inputs
from batch_etl.transforms.facts import clean_schema
from batch_etl.transforms.values import spark_type
from batch_etl.transforms.versions import current_versions, highest_versions

_ROWS_AT_ONCE = 1_000_000
_ROWS_IN_MEMORY = 2_000_000


@dataclass(frozen=True)
class CleanRecords:
    """What a mart is computed from."""

    spark: SparkSession
    lake: Lake
    contracts: Mapping[str, Contract]
    inputs: Inputs

    def current_rows(self, dataset: str) -> pa.Table:
        """The version of each key that stands: of a dataset whose versions all go into memory."""
        contract, files = self.contracts[dataset], self._files(dataset)
        if self._is_decided(dataset):
            return read_rows(files, contract)
        # Files may repeat one another: of many, what stands so far is kept.
        standing = read_rows([], contract)
        for several in shared_out(files, count_rows_of, task_size=_ROWS_AT_ONCE, task_items=len(files)):
            standing = highest_versions(pa.concat_tables([standing, read_rows(several, contract)]), contract)
        return standing

    def current_files(self, dataset: str, scratch: Path) -> list[Path]:
        """The same as Parquet files, which hold more columns; below scratch where somebody has to write them first."""
        if self._is_decided(dataset):
            return self._files(dataset)
        place = scratch / dataset
        self.current_records(dataset).write.parquet(str(place))
        return files_in([place])

    def current_records(self, dataset: str) -> DataFrame:
        """The same for Spark: of a dataset that no memory has to hold."""
        contract = self.contracts[dataset]
        schema = ", ".join(f"`{column.name}` {spark_type(column)}" for column in contract.columns)
        folders = self.inputs.clean_folders(self.lake, dataset).values()
        return current_versions(self.spark.read.schema(schema).parquet(*map(str, folders)), contract)

    def is_small(self, dataset: str) -> bool:
        """Whether its records go into memory."""
        return sum(map(count_rows_of, self._files(dataset))) <= _ROWS_IN_MEMORY

    def _is_decided(self, dataset: str) -> bool:
        """Within a batch cleaning has decided."""
        return len(self.inputs.batches[dataset]) <= 1

    def _files(self, dataset: str) -> list[Path]:
        return files_in(self.inputs.clean_folders(self.lake, dataset).values())

    def count(self) -> dict[tuple[str, str], int]:
        """(dataset, batch_id) -> records, as the files hold them."""
        return {
            (dataset, batch_id): count_rows(folder)
            for dataset in self.inputs.batches
            for batch_id, folder in self.inputs.clean_folders(self.lake, dataset).items()
        }


def read_rows(files: Iterable[Path], contract: Contract) -> pa.Table:
    """The contract's columns of these Parquet files."""
    schema = clean_schema(contract)
    # Spark may have written a moment as one without a zone.
    parts = (read_part(file, schema.names).select(schema.names).cast(schema) for file in files)
    return pa.concat_tables([schema.empty_table(), *parts])
