"""The clean records of all batches, as DataFrames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from batch_etl.contract import Contract
from batch_etl.stores.lake import Lake, count_rows
from batch_etl.stores.mart import Inputs
from batch_etl.transforms.values import spark_type
from batch_etl.transforms.versions import current_versions


@dataclass(frozen=True)
class CleanRecords:
    """What a mart is computed from."""

    spark: SparkSession
    lake: Lake
    contracts: Mapping[str, Contract]
    inputs: Inputs

    def read(self, dataset: str) -> DataFrame:
        """The contract columns of every batch, all versions."""
        return self.read_folders(dataset, list(self.inputs.clean_folders(self.lake, dataset).values()))

    def read_folders(self, dataset: str, folders: Sequence[Path]) -> DataFrame:
        schema = ", ".join(f"`{column.name}` {spark_type(column)}" for column in self.contracts[dataset].columns)
        if not folders:
            return self.spark.createDataFrame([], schema)
        return self.spark.read.schema(schema).parquet(*map(str, folders))

    def current(self, dataset: str) -> DataFrame:
        """The version of each key that stands."""
        records = self.read(dataset)
        # Within a batch cleaning has decided.
        is_decided = len(self.inputs.batches[dataset]) == 1
        return records if is_decided else current_versions(records, self.contracts[dataset])

    def current_files(self, dataset: str, scratch: Path) -> list[Path]:
        """The same as Parquet files, which hold more columns; below scratch where somebody has to write them first."""
        folders = list(self.inputs.clean_folders(self.lake, dataset).values())
        if len(folders) > 1:
            return files_of(self.current(dataset), scratch / dataset)
        return [file for folder in folders for file in sorted(folder.glob("*.parquet"))]

    def count(self) -> int:
        datasets = self.inputs.batches
        return sum(
            count_rows(each) for name in datasets for each in self.inputs.clean_folders(self.lake, name).values()
        )


def files_of(rows: DataFrame, folder: Path) -> list[Path]:
    """Write rows as Parquet files into a folder that is not there yet."""
    rows.write.parquet(str(folder))
    return sorted(folder.glob("*.parquet"))
