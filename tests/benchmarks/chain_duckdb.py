"""The chain by DuckDB and COPY: read, judge, star and marts in one database file; tables to PostgreSQL as CSV."""

import duckdb

from tests.benchmarks.chain_sql import DUCKDB, cleaning, marts, quarantined, star
from tests.benchmarks.contender import Task, copy_file, run_stages

_CSV = "read_csv('{file}', header = true, all_varchar = true, delim = ',', quote = '\"', escape = '\"')"
_JSON = "read_json('{file}', format = 'newline_delimited', columns = {{{columns}}})"


def read(task: Task, database: duckdb.DuckDBPyConnection) -> None:
    for name, contract in task.contracts.items():
        columns = ", ".join(f"{column}: 'VARCHAR'" for column in contract.column_names)
        source = (_JSON if contract.file_format == "json" else _CSV).format(file=task.source(name), columns=columns)
        database.execute(
            f"CREATE OR REPLACE TABLE ingested_{name} AS SELECT ROW_NUMBER() OVER () AS _record_number, * FROM {source}"
        )


def clean(task: Task, database: duckdb.DuckDBPyConnection) -> None:
    for contract in task.contracts.values():
        for table, query in cleaning(contract, DUCKDB):
            database.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")


def transform(task: Task, database: duckdb.DuckDBPyConnection) -> None:
    for table, query in [*star(task.contracts, DUCKDB), *marts(DUCKDB)]:
        database.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")
    database.execute(f"CREATE OR REPLACE TABLE quarantine AS {quarantined([*task.contracts])}")


def load(task: Task, database: duckdb.DuckDBPyConnection) -> None:
    for table, columns in task.tables.items():
        file = task.folder / f"{table}.csv"
        database.execute(f"COPY (SELECT {', '.join(columns)} FROM {table}) TO '{file}' (HEADER false)")
        copy_file(task, table, file)


def main(task: Task) -> None:
    with duckdb.connect(str(task.folder / "chain.duckdb")) as database:
        database.execute(f"SET threads = {task.executors}; SET TimeZone = 'UTC'")
        run_stages(task, {"read": read, "clean": clean, "transform": transform, "load": load}, database)


if __name__ == "__main__":
    main(Task.from_arguments())
