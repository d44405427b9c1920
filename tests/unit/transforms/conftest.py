"""Records as the ingestion leaves them, drawn small."""

from collections.abc import Callable

import pyarrow as pa
import pytest

from tests.drawing import read_drawing


@pytest.fixture(scope="session")
def ingested() -> Callable[[str], pa.Table]:
    """Draw ingested records: values as strings, numbered from 1 in the order of the drawing."""

    def draw(drawing: str) -> pa.Table:
        names, rows = read_drawing(drawing)
        columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
        nothing = pa.nulls(len(rows), pa.string())
        # What JSON should have written as a string and did not: drawn as names, separated by blanks.
        not_text = [each and each.split() for each in columns.get("_not_text", nothing).to_pylist()]
        columns |= {"_fault": columns.get("_fault", nothing), "_not_text": pa.array(not_text, pa.list_(pa.string()))}
        columns["_record_number"] = pa.array(range(1, len(rows) + 1), pa.int64())
        for name, value in (("_raw", "raw"), ("_source_file", "file"), ("_batch_id", "b1")):
            columns[name] = pa.repeat(value, len(rows))
        return pa.table(columns)

    return draw
