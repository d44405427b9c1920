"""Sales on the executors: tasks read those that stand, write them as facts by month, and add the months up."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StructType

from batch_etl.contract import Contract
from batch_etl.stores.attempts import run_near, shared_out
from batch_etl.stores.clean_records import CleanRecords
from batch_etl.stores.lake import count_rows, count_rows_of, files_in, part_writer, read_batches, read_part, write_part
from batch_etl.stores.mart_parts import month_folders
from batch_etl.stores.mart_tables import MartTables
from batch_etl.transforms.facts import Versions, build_sales, by_month, clean_schema, sales_schema
from batch_etl.transforms.months import have_key
from batch_etl.transforms.rollups import (
    COLUMNS,
    ROLLUPS,
    TOTALS,
    add_up_months,
    roll_up,
    rollup_schemas,
    with_percentiles,
)
from batch_etl.transforms.statements import SALES_BY_MONTH

SALES = SALES_BY_MONTH["fct_sale"]
DIMENSIONS = ("customer", "product")
_ROWS_A_TASK = 1_000_000
_FILES_A_TASK = 100
_ROWS_AT_ONCE = 500_000
# So many rows tell which columns repeat their values.
_ROWS_LOOKED_AT = 10_000


@dataclass(frozen=True)
class StandingFile:
    """Sales that stand: those of a Parquet file, but for the ones with a key that another file holds."""

    path: Path
    without: Path | None = None


@dataclass(frozen=True)
class SalesToWrite:
    """What of core.fct_sale is not taken from the mart before.

    files   the sales that stand; of months to write these are all, but for those that grow
    months  to write; None: all that there are
    grown   those of them that hold what they held in the mart before, and these sales
    """

    files: Sequence[StandingFile]
    months: frozenset[str] | None = None
    grown: frozenset[str] = frozenset()


def share_out_files(files: Sequence[Path]) -> list[list[Path]]:
    """Parquet files, by task."""
    return shared_out(files, count_rows_of, task_size=_ROWS_A_TASK, task_items=_FILES_A_TASK)


def share_out_months(months: Iterable[tuple[str, Path]]) -> list[list[tuple[str, Path]]]:
    """Months and their folders of core.fct_sale, by task."""
    return shared_out(list(months), lambda each: count_rows(each[1]), task_size=_ROWS_A_TASK, task_items=_FILES_A_TASK)


def sales_type(contract: Contract) -> StructType:
    """Of core.fct_sale, as Spark reads it."""
    return from_arrow_schema(sales_schema(contract))


def rollup_types(contract: Contract) -> dict[str, StructType]:
    """Of each rollup, as Spark reads it."""
    return {name: from_arrow_schema(schema) for name, schema in rollup_schemas(sales_schema(contract)).items()}


def read_versions(mart: Path) -> dict[str, Versions]:
    """The dimensions of a mart that is being written."""
    found = {}
    for name in DIMENSIONS:
        files = files_in([mart / f"core.dim_{name}"])
        columns = [f"{name}_id", f"{name}_key", "valid_from_utc"]
        found[name] = Versions.of(*pa.concat_tables(read_part(file, columns) for file in files).select(columns).columns)
    return found


def write_sales(clean: CleanRecords, tables: MartTables, sales: SalesToWrite, scratch: Path) -> None:
    """Write core.fct_sale."""
    tasks = shared_out(
        sales.files, lambda file: count_rows_of(file.path), task_size=_ROWS_A_TASK, task_items=_FILES_A_TASK
    )
    schema = clean_schema(clean.contracts["sales"])
    work = partial(_write_by_month, schema=schema, mart=tables.folder, only=sales.months)
    done = run_near(lambda: tables.spark, scratch, tasks, work)
    anew = None if sales.months is None else sales.months - sales.grown
    tables.place_months(SALES, [written for _, of_task in done for written in of_task], only=anew)


def write_rollups(tables: MartTables, scratch: Path, *, only: Collection[str] | None) -> None:
    """Write the rollups of core.fct_sale.

    only  the months to write; every other one is taken from the mart before. None: all months there are
    """
    folders = month_folders(tables.folder / SALES)
    tasks = share_out_months((month, folder) for month, folder in folders.items() if only is None or month in only)
    done = run_near(lambda: tables.spark, scratch, tasks, _roll_up_months)
    for name in ROLLUPS:
        files = [(month, folder / f"{name}-{month}") for folder, of_task in done for month in of_task]
        tables.place_months(SALES_BY_MONTH[name], files, only=only)


def write_totals(tables: MartTables, contract: Contract, *, only: Collection[str] | None) -> dict[str, DataFrame]:
    """Write the rollups of all months, as lake.<name>, from those of each month. only: as of write_rollups."""
    schemas = rollup_schemas(sales_schema(contract))
    work = partial(_add_up, tables=tables, schemas=schemas, only=only)
    first = [name for name in TOTALS if name != "cohort_months"]
    # Arrow adds up without Python's lock.
    with ThreadPoolExecutor() as together:
        totals = dict(zip(first, together.map(work, first), strict=True))
    totals["cohort_months"] = work("cohort_months", cohorts=totals["buyer_cohorts"])
    return {name: tables.write_rows(f"lake.{name}", rows) for name, rows in totals.items()}


def _add_up(
    name: str,
    *,
    tables: MartTables,
    schemas: Mapping[str, pa.Schema],
    only: Collection[str] | None,
    cohorts: pa.Table | None = None,
) -> pa.Table:
    """A rollup of all months. Most days add to the newest month alone: what those before it add up to is kept."""
    rollup = TOTALS[name]
    of = str(rollup.of)
    months = month_folders(tables.folder / SALES_BY_MONTH[of])
    newest = max(months, default="")
    since, so_far = _kept_sums(f"lake.{name}_before", newest, tables, only)

    def add(wanted: Iterable[str], so_far: pa.Table | None) -> pa.Table:
        read = map(read_part, files_in(months[month] for month in wanted))
        return add_up_months(rollup, chain([schemas[of].empty_table()], read), so_far=so_far, cohorts=cohorts)

    table = f"lake.{name}_before"
    place = tables.folder / table / f"month={newest}"
    place.mkdir(parents=True)
    if so_far is not None and since == newest:
        before = so_far
        tables.take_over_files(f"{table}/{place.name}/*.parquet")
    else:
        before = add([month for month in months if since <= month < newest], so_far)
        write_part(before, place / "part-00000.parquet")
    return with_percentiles(rollup, add([newest] if newest else [], before))


def _kept_sums(
    table: str, newest: str, tables: MartTables, only: Collection[str] | None
) -> tuple[str, pa.Table | None]:
    """A month, and what all before it add up to, where the mart before tells that and none of them has changed."""
    if tables.before is not None and only is not None:
        for month, folder in month_folders(tables.before / table).items():
            if month <= min([newest, *only]):
                return month, pa.concat_tables(map(read_part, files_in([folder])))
    return "", None


def _roll_up_months(months: Sequence[tuple[str, Path]], folder: Path) -> list[str]:
    """The work of a task: <rollup>-<month> of each; returns the months. months: with the folders of core.fct_sale."""
    for month, place in months:
        pieces = (read_batches(file, COLUMNS, rows=_ROWS_AT_ONCE) for file in place.glob("*.parquet"))
        for name, rows in roll_up(chain.from_iterable(pieces), month=date.fromisoformat(f"{month}-01")).items():
            write_part(rows, folder / f"{name}-{month}")
    return [month for month, _ in months]


def _write_by_month(
    files: Sequence[StandingFile], folder: Path, *, schema: pa.Schema, mart: Path, only: Collection[str] | None
) -> list[tuple[str, Path]]:
    """The work of a task: a file a month. schema: of the contract of sales."""
    versions = read_versions(mart)
    written: dict[str, Path] = {}
    with ExitStack() as ending:
        writers: dict[str, parquet.ParquetWriter] = {}
        for sales in (piece for file in files for piece in _read_standing(file, schema.names)):
            # Spark may have written a moment as one without a zone.
            facts = build_sales(sales.select(schema.names).cast(schema), *(versions[name] for name in DIMENSIONS))
            repeating = _repeating(facts)
            for month, rows in by_month(facts, only=only):
                if month not in writers:
                    written[month] = folder / f"{month}.parquet"
                    writer = part_writer(written[month], facts.schema, repeating=repeating)
                    writers[month] = ending.enter_context(writer)
                writers[month].write_table(rows)
    return list(written.items())


def _read_standing(file: StandingFile, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The sales of a file that stand, piece by piece."""
    keys = read_part(file.without) if file.without else None
    for piece in read_batches(file.path, columns, rows=_ROWS_AT_ONCE):
        yield piece if keys is None else piece.filter(pa.array(~have_key(piece, keys)))


def _repeating(facts: pa.Table) -> list[str]:
    """The columns of which a value is there twice or more, on the whole: worth a dictionary."""
    some = facts.slice(0, _ROWS_LOOKED_AT)
    return [name for name in some.column_names if 2 * pc.count_distinct(some[name]).as_py() <= len(some)]
