"""Stage 3: compute the star and the marts from everything that is clean; months that did not change are taken over."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

from py4j.protocol import Py4JJavaError
from pyspark.errors import AnalysisException, PySparkException
from pyspark.sql import DataFrame, SparkSession

from batch_etl.contract import Contract
from batch_etl.errors import ConfigurationError, LedgerImbalance, LoadFailed
from batch_etl.run import Run, StageResult, main
from batch_etl.spark_errors import what_failed
from batch_etl.stores import audit, mart_tables
from batch_etl.stores.clean_records import CleanRecords
from batch_etl.stores.contract_tables import own_datasets
from batch_etl.stores.dataset_tables import write_datasets
from batch_etl.stores.lake import replacing, size_of
from batch_etl.stores.landing import known_batches
from batch_etl.stores.mart import Inputs, Manifest, mart_inputs, newest_mart_before, read_statements
from batch_etl.stores.mart_quarantine import write_quarantined
from batch_etl.stores.mart_tables import MartTables
from batch_etl.stores.retention import forget_old
from batch_etl.stores.sale_files import write_totals
from batch_etl.stores.star_tables import WrittenStar, write_star
from batch_etl.transforms.statements import SALES_BY_MONTH, Statement, in_turns

# While one is planned, another one is worked on: with more at once on two cores each only waits longer.
_QUERIES_AT_ONCE = 2
# What the standard calls a data exception or too many rows of a subquery: the query meets it each time.
_OF_THE_QUERY = re.compile(r"SQLSTATE: 2[12]")


def transform(run: Run) -> StageResult:
    """Write mart/<fingerprint>; where that folder stands, the same inputs gave the same tables before."""
    inputs = mart_inputs(run.lake, run.contracts, run.settings.pipeline_home)
    folder = run.lake.mart(inputs.fingerprint)
    if folder.exists() and not run.recompute.is_asked:
        return StageResult(0, 0, {"mart": inputs.fingerprint}, is_nothing_new=True)
    statements = read_statements(run.settings.pipeline_home, own_datasets(run.contracts))
    bytes_in = size_of(
        folder for dataset in run.contracts for folder in inputs.clean_folders(run.lake, dataset).values()
    )
    is_small = bytes_in <= run.settings.config.spark.small_bytes
    before = None if run.recompute.is_full or is_small else newest_mart_before(run.lake, inputs)
    _compile_expressions(run.spark, when=not is_small)
    clean = CleanRecords(run.spark, run.lake, run.contracts, inputs)
    held = clean.count()
    _require_all_judged(run, inputs, held)
    with replacing(folder) as beside:
        beside.mkdir()
        tables = MartTables(run.spark, beside, before)
        star = write_star(clean, tables, run.recompute)
        for dataset, rows in write_datasets(clean, tables).items():
            rows.createOrReplaceTempView(dataset)
        _write_marts(statements, star, tables, run.contracts["sales"])
        write_quarantined(run.lake, inputs, tables)
        rows = tables.count_published_rows()
        inputs.write(beside)
        parts = tables.fingerprint_published_parts()
        Manifest(inputs.fingerprint, inputs.batches, rows, parts, inputs.contracts).write(beside)
    forget_old(run.lake, run.contracts, kept_marts=run.settings.config.lake.kept_marts)
    months = "all" if star.months is None else sorted(star.months)
    return StageResult(
        sum(held.values()),
        sum(rows.values()),
        {"mart": inputs.fingerprint, "months": months, "rows": rows},
        bytes_in=bytes_in,
        bytes_out=size_of([folder]),
    )


def _require_all_judged(run: Run, inputs: Inputs, held: Mapping[tuple[str, str], int]) -> None:
    """Raise LoadFailed where a contract changed since cleaning, LedgerImbalance where clean records are gone.

    held  (dataset, batch_id) -> clean records in the lake
    """
    for dataset, contract in run.contracts.items():
        for batch in known_batches(run.lake.landing, contract):
            if (dataset, batch.batch_id) not in held and run.lake.judgements(dataset, batch.batch_id):
                raise LoadFailed(
                    f"{dataset}: the contract, or the code that judges, has changed since {batch.source_file} was "
                    "judged; clear data_cleaning and what follows"
                )
    with run.warehouse() as connection:
        counted = audit.clean_records(connection, inputs.contracts)
    for (dataset, batch_id), records in held.items():
        if records != counted.get((dataset, batch_id), records):
            folder = inputs.clean_folders(run.lake, dataset)[batch_id]
            raise LedgerImbalance(
                f"{folder}: holds {records} clean records, the ledger counts {counted[dataset, batch_id]}; delete that "
                "folder and clear data_cleaning and what follows: the batch is judged again",
                dataset=dataset,
            )


def _write_marts(statements: Sequence[Statement], star: WrittenStar, tables: MartTables, sales: Contract) -> None:
    """Compute what is computed by month for the months that changed, and everything else as a whole."""
    of_months = {
        name: _computed(tables, table, star.tables[name], star.months) for name, table in SALES_BY_MONTH.items()
    }
    _show({**star.tables, **of_months})
    by_month = [statement for statement in statements if statement.month_column is not None]
    with ThreadPoolExecutor(1) as beside:
        # Here, on Arrow's columns, while the cluster is asked for small things.
        totals = beside.submit(write_totals, tables, sales, only=star.months)
        written = _write_in_turns(by_month, tables, star.months)
    _show({**star.tables, **totals.result(), **written})
    _write_in_turns([statement for statement in statements if statement.month_column is None], tables, star.months)


def _show(tables: Mapping[str, DataFrame]) -> None:
    for name, rows in tables.items():
        rows.createOrReplaceTempView(name)


def _write_in_turns(
    statements: Sequence[Statement], tables: MartTables, months: Collection[str] | None
) -> dict[str, DataFrame]:
    """Compute these tables; gives the rows of each by its name in queries."""
    written: dict[str, DataFrame] = {}
    with ThreadPoolExecutor(_QUERIES_AT_ONCE) as together:
        for turn in in_turns(statements):
            # What takes long first, so that nothing waits for it at the end.
            turn.sort(key=partial(_work_of, tables=tables), reverse=True)
            rows = together.map(partial(_write, tables=tables, months=months), turn)
            written |= zip([statement.name for statement in turn], rows, strict=True)
    return written


def _work_of(statement: Statement, *, tables: MartTables) -> tuple[int, int]:
    """The bytes that a query reads; of two that read the same, the longer one does more with it."""
    return tables.size_of(statement.reads), len(statement.text)


def _write(statement: Statement, *, tables: MartTables, months: Collection[str] | None) -> DataFrame:
    """Compute a table, or these months of it; who reads it is shown what was computed. Returns all its rows."""
    with _telling_the_file(statement):
        rows, here = tables.spark.sql(statement.text), tables.size_of(statement.reads) <= mart_tables.MOST_BYTES_HERE
        _refuse_intervals(statement, rows)
        if statement.month_column is None:
            written = computed = tables.write(statement.table, rows, here=here)
        else:
            tables.write_months(statement.table, rows, month_column=statement.month_column, only=months, here=here)
            written = tables.read_months(statement.table, rows.schema)
            computed = _computed(tables, statement.table, written, months)
        computed.createOrReplaceTempView(statement.name)
        return written


@contextmanager
def _telling_the_file(statement: Statement) -> Iterator[None]:
    """Let a query that no try could compute be told with its file, and not be tried again."""
    try:
        yield
    except (PySparkException, Py4JJavaError) as error:
        told = what_failed(error)
        if isinstance(error, AnalysisException):
            # Behind the first line stands Spark's plan.
            told = told.partition("\n")[0].rstrip(";")
        elif not _OF_THE_QUERY.search(told):
            raise
        name = f"sql/transformations/{statement.name}.sql"
        raise ConfigurationError(f"{name}: {' '.join(told.split())}; mend the query") from None


def _refuse_intervals(statement: Statement, rows: DataFrame) -> None:
    for column in rows.schema:
        if "interval" in column.dataType.typeName():
            # Parquet would hold a number of days, of months or of microseconds, and nobody is told of which.
            told = f"sql/transformations/{statement.name}.sql: {column.name} is {column.dataType.simpleString()}"
            raise ConfigurationError(
                f"{told}, which is loaded into no column; give a number, as DATEDIFF does, or a text"
            )


def _computed(tables: MartTables, table: str, rows: DataFrame, months: Collection[str] | None) -> DataFrame:
    """What was computed of a table that was written: all of it, or only these months."""
    return rows if months is None else tables.read_months(table, rows.schema, only=months)


def _compile_expressions(spark: SparkSession, *, when: bool) -> None:
    """Let a session make Java code of every query, or evaluate it as it stands: what a few rows are too few for."""
    spark.conf.set("spark.sql.codegen.wholeStage", when)
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK" if when else "NO_CODEGEN")


if __name__ == "__main__":
    main("data_transformation", transform)
