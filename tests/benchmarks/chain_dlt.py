"""The chain by dlt: files into PostgreSQL as they are, by Arrow and COPY, and everything else there, in SQL."""

import json
import os
from collections.abc import Iterator

os.environ |= {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "WARNING",
    "NORMALIZE__WORKERS": "1",
    # Two files at once into PostgreSQL, one for each core.
    "LOAD__WORKERS": "2",
    "DATA_WRITER__FILE_MAX_ITEMS": "500000",
}

import dlt
import pyarrow as pa
from pyarrow import csv

from batch_etl.contract import Contract
from tests.benchmarks.chain_sql import POSTGRES, cleaning, marts, quarantined, star
from tests.benchmarks.contender import Task, run_stages
from tests.benchmarks.target_tables import run_statements

_SCHEMA = "raw_files"
_MONTHS_BETWEEN = f"""
CREATE OR REPLACE FUNCTION {_SCHEMA}.months_between(later timestamptz, earlier timestamptz) RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT (EXTRACT(YEAR FROM later) - EXTRACT(YEAR FROM earlier)) * 12
        + EXTRACT(MONTH FROM later) - EXTRACT(MONTH FROM earlier)
$$
"""


def extract_and_load(task: Task, _: None) -> None:
    pipeline = dlt.pipeline(
        pipeline_name=f"bench_{task.folder.name}",
        pipelines_dir=str(task.folder),
        dataset_name=_SCHEMA,
        # The server trusts everybody, and dlt insists on a password.
        destination=dlt.destinations.postgres(task.dsn.replace("airflow@", "airflow:none@")),
    )
    resources = [
        dlt.resource(_batches(task, contract), name=f"ingested_{name}", write_disposition="replace")
        for name, contract in task.contracts.items()
    ]
    pipeline.run(resources, loader_file_format="csv").raise_on_failed_jobs()


def transform(task: Task, _: None) -> None:
    """As people do it in a database: a table a step, and statistics before it is joined."""
    tables = [table for contract in task.contracts.values() for table in cleaning(contract, POSTGRES)]
    tables += [*star(task.contracts, POSTGRES), *marts(POSTGRES), ("quarantine", quarantined([*task.contracts]))]
    settings = [f"SET search_path = {_SCHEMA}", "SET timezone = 'UTC'", "SET work_mem = '256MB'", _MONTHS_BETWEEN]
    steps = [s for table, query in tables for s in (f"CREATE UNLOGGED TABLE {table} AS {query}", f"ANALYZE {table}")]
    run_statements(task.dsn, *settings, *steps)


def publish(task: Task, _: None) -> None:
    inserts = [
        f"INSERT INTO bench.{table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {_SCHEMA}.{table}"
        for table, columns in task.tables.items()
    ]
    run_statements(task.dsn, *inserts)


def _batches(task: Task, contract: Contract) -> Iterator[pa.Table]:
    """Arrow tables of strings: what dlt passes on without looking at every row."""
    names, source, first = contract.column_names, task.source(contract.dataset), 0
    if contract.file_format == "json":
        documents = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
        columns = [pa.array([document.get(name) for document in documents], pa.string()) for name in names]
        batches: Iterator[pa.Table] = iter([pa.table(columns, names=list(names))])
    else:
        options = csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        reader = csv.open_csv(source, csv.ReadOptions(block_size=16 << 20), convert_options=options)
        batches = (pa.Table.from_batches([batch]) for batch in reader)
    for batch in batches:
        # dlt gives a leading underscore a meaning of its own.
        yield batch.append_column("_record_number", pa.array(range(first, first + len(batch))))
        first += len(batch)


if __name__ == "__main__":
    stages = {"extract and load": extract_and_load, "transform": transform, "publish": publish}
    run_stages(Task.from_arguments(), stages, None)
