"""quarantine.records: what breaks a contract, with its reasons."""

import json

import pyarrow as pa


def as_published(rejected: pa.Table, dataset: str, batch_id: str) -> pa.Table:
    """dataset, batch_id, record_number, source_file, raw, and reasons as JSON.

    rejected  of one batch: _record_number, _source_file, _raw, and _reasons, a list of structs
    """
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
