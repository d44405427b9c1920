"""The tables of a mart that is being written, and of the one before it whose unchanged parts it takes over."""

import logging
import shutil
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from py4j.protocol import Py4JJavaError
from pyarrow import parquet
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from batch_etl.errors import ConfigurationError
from batch_etl.spark_errors import what_failed
from batch_etl.stores.lake import count_rows, files_in, read_part, size_of, write_part
from batch_etl.stores.mart import read_manifest
from batch_etl.stores.mart_parts import fingerprint_parts, month_folders
from batch_etl.transforms.months import month_of

log = logging.getLogger(__name__)

# What a query gives that reads no more bytes of Parquet fits into one process, or else is found not to.
MOST_BYTES_HERE = 8 << 20
# What Spark calls the folder of rows whose month is null.
_NO_MONTH = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class MartTables:
    """Writes <folder>/<schema.table>, a table of months as one folder a month below it.

    before  the mart whose files are taken over, or None
    """

    spark: SparkSession
    folder: Path
    before: Path | None = None

    def write(self, table: str, rows: DataFrame, *, here: bool = False) -> DataFrame:
        """Write a table once and hand on what was written: who reads it does not compute it again.

        here  fetch the rows and write them in this process, if they fit into it: half the time of a small job
        """
        place = self.folder / table
        fetched = _fetch(rows) if here else None
        if fetched is not None:
            _write_folder(fetched, place)
        else:
            rows.write.parquet(str(place))
        # Told, not found out: that would be a job of its own.
        return self.spark.read.schema(rows.schema).parquet(str(place))

    def write_rows(self, table: str, rows: pa.Table) -> DataFrame:
        """The same for rows that are here: no job."""
        place = self.folder / table
        _write_folder(rows, place)
        return self.spark.read.schema(from_arrow_schema(rows.schema)).parquet(str(place))

    def take_over(self, table: str) -> DataFrame:
        """Take a whole table from the mart before."""
        place = self.folder / table
        _link(self._before(table), place)
        kind = from_arrow_schema(parquet.read_schema(files_in([place])[0]))
        return self.spark.read.schema(kind).parquet(str(place))

    def take_over_files(self, pattern: str, *, when: Callable[[Path], bool] = lambda _: True) -> None:
        """Take the files that a pattern names, <schema.table>/…, from the mart before; their folder stands."""
        if self.before is not None:
            for file in filter(when, self.before.glob(pattern)):
                _link_file(file, self.folder / file.relative_to(self.before))

    def write_months(
        self, table: str, rows: DataFrame, *, month_column: str, only: Collection[str] | None, here: bool = False
    ) -> None:
        """Write the months of these rows.

        only  the months that the rows are of; every other one is taken from the mart before. None: all months there are
        here  as of write

        Raises ConfigurationError where the rows have a column of the name that the months' folders have, are of no
        month, or of one that stays as it was: its rows would be there twice.
        """
        if "month" in rows.columns:
            raise ConfigurationError(
                f"{table}: of a table that is computed by month no column is called month; rename it"
            )
        place = self.folder / table
        place.mkdir()
        if only is None or only:
            months = rows.withColumn("month", month_of(month_column))
            fetched = _fetch(months) if here else None
            if fetched is not None:
                _write_month_folders(fetched, place)
            else:
                months.write.mode("append").partitionBy("month").parquet(str(place))
            _require_months(table, month_column, month_folders(place), only)
        self._take_over_months(table, but=only)

    def place_months(self, table: str, files: Iterable[tuple[str, Path]], *, only: Collection[str] | None) -> None:
        """The same for rows that are written already: each of these files, with its month, comes last in it."""
        place = self.folder / table
        place.mkdir()
        self._take_over_months(table, but=only)
        for month, file in files:
            folder = place / f"month={month}"
            folder.mkdir(exist_ok=True)
            file.rename(folder / f"part-{len(list(folder.iterdir())):05}.parquet")

    def _take_over_months(self, table: str, *, but: Collection[str] | None) -> None:
        if but is not None:
            for month, folder in month_folders(self._before(table)).items():
                if month not in but:
                    _link(folder, self.folder / table / folder.name)

    def months(self, table: str) -> list[str]:
        """The months that a table which was written has rows of, in order."""
        return list(month_folders(self.folder / table))

    def read_months(self, table: str, schema: StructType, *, only: Collection[str] | None = None) -> DataFrame:
        """Read a table of months that was written, whole or some of them."""
        folders = month_folders(self.folder / table)
        wanted = [str(place) for month, place in folders.items() if only is None or month in only]
        if not wanted:
            return self.spark.createDataFrame([], schema)
        # Without the look-up the name of a month's folder would become a column.
        return self.spark.read.schema(schema).option("recursiveFileLookup", True).parquet(*wanted)

    def size_of(self, names: Iterable[str]) -> int:
        """Bytes of tables that were written, by their names in queries."""
        return size_of(folder for name in names for folder in self.folder.glob(f"*.{name}"))

    def read_rows(self, table: str) -> pa.Table:
        """Read a table that was written, whole."""
        return _read_folder(self.folder / table)

    def read_rows_before(self, table: str) -> pa.Table:
        return _read_folder(self._before(table))

    def months_before(self, table: str) -> dict[str, Path]:
        """The months of a table in the mart before, with their folders."""
        return month_folders(self._before(table))

    def count_published_rows(self) -> dict[str, int]:
        return {table.name: count_rows(table) for table in self._published()}

    def fingerprint_published_parts(self) -> dict[str, dict[str, str]]:
        """Table -> month, or '' -> fingerprint of its rows."""
        known = read_manifest(self.before).parts if self.before else {}
        return {
            table.name: fingerprint_parts(table, self.before and self.before / table.name, known.get(table.name, {}))
            for table in self._published()
        }

    def _published(self) -> list[Path]:
        tables = [table for table in self.folder.iterdir() if table.is_dir()]
        return sorted(table for table in tables if not table.name.startswith("lake."))

    def _before(self, table: str) -> Path:
        if self.before is None:
            raise ValueError(f"{table}: there is no mart before this one")
        return self.before / table


def _fetch(rows: DataFrame) -> pa.Table | None:
    """The rows of a query; None where they are more than a task keeps in memory, or than Spark hands to one process."""
    try:
        return rows.toArrow()
    except (PySparkException, Py4JJavaError) as error:
        # If it is something else, the cluster meets it again.
        log.warning("rows could not be fetched, so the cluster writes them: %s", what_failed(error))
        return None


def _require_months(table: str, month_column: str, written: Iterable[str], only: Collection[str] | None) -> None:
    for month in written:
        if month == _NO_MONTH or (only is not None and month not in only):
            computed = ", ".join(sorted(only or ()))
            told = "empty" if month == _NO_MONTH else f"in {month}, computed from the sales of {computed}"
            raise ConfigurationError(
                f"{table}: has rows whose {month_column} is {told}; where a query is computed by month, the sales of a "
                "month give rows of this month: mend it, or leave out its line '-- Computed' to compute it as a whole"
            )


def _write_month_folders(rows: pa.Table, place: Path) -> None:
    months = rows["month"].fill_null(_NO_MONTH)
    for month in months.unique().to_pylist():
        _write_folder(rows.filter(pc.equal(months, month)).drop_columns("month"), place / f"month={month}")


def _write_folder(rows: pa.Table, folder: Path) -> None:
    folder.mkdir()
    write_part(rows, folder / "part-00000.parquet")


def _read_folder(folder: Path) -> pa.Table:
    return pa.concat_tables(map(read_part, files_in([folder])))


def _link(old: Path, new: Path) -> None:
    """Let the files of a folder stand in another one too: no bytes are copied, and either may go without the other."""
    new.mkdir(parents=True)
    for file in old.iterdir():
        _link_file(file, new / file.name)


def _link_file(old: Path, new: Path) -> None:
    try:
        new.hardlink_to(old)
    except OSError:
        # Some mounts of other machines know no links.
        shutil.copy2(old, new)
