"""quarantine.records of a mart: what breaks today's contracts, one file for each file of the lake's quarantine."""

import json

import pyarrow as pa

from batch_etl.stores.lake import Lake, read_part, write_part
from batch_etl.stores.mart import Inputs
from batch_etl.stores.mart_tables import MartTables

TABLE = "quarantine.records"
_REPEATING = ("dataset", "batch_id", "source_file")


def write_quarantined(lake: Lake, inputs: Inputs, tables: MartTables) -> None:
    """Write dataset, batch_id, record_number, source_file, raw, and reasons as JSON.

    What the mart before tells of a batch is taken over where the same contract judged it.
    """
    (tables.folder / TABLE).mkdir()
    told = _judgements(Inputs.read(tables.before)) if tables.before else frozenset()
    for judgement in sorted(_judgements(inputs)):
        dataset, contract_id, batch_id = judgement
        name = "-".join(judgement)
        if judgement in told:
            tables.take_over_files(f"{TABLE}/{name}-*.parquet")
            continue
        for file in lake.judged("quarantine", dataset, contract_id, batch_id).glob("*.parquet"):
            rejected = _published(read_part(file), dataset, batch_id)
            write_part(rejected, tables.folder / TABLE / f"{name}-{file.name}", repeating=_REPEATING)


def _judgements(inputs: Inputs) -> frozenset[tuple[str, str, str]]:
    """Dataset, contract and batch of each."""
    return frozenset((name, inputs.contracts[name], batch) for name in inputs.batches for batch in inputs.batches[name])


def _published(rejected: pa.Table, dataset: str, batch_id: str) -> pa.Table:
    reasons = [json.dumps(each, ensure_ascii=False) for each in rejected["_reasons"].to_pylist()]
    return pa.table(
        {
            "dataset": pa.repeat(dataset, len(rejected)),
            "batch_id": pa.repeat(batch_id, len(rejected)),
            "record_number": rejected["_record_number"],
            "source_file": rejected["_source_file"],
            "raw": rejected["_raw"],
            "reasons": pa.array(reasons, pa.string()),
        }
    )
