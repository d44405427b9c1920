"""Records as the ingestion leaves them, drawn small."""

from collections.abc import Callable

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812


@pytest.fixture(scope="session")
def ingested(table: Callable[..., DataFrame]) -> Callable[..., DataFrame]:
    """Draw ingested records: values as strings, numbered from 1 in the order of the drawing."""

    def draw(drawing: str) -> DataFrame:
        names, *rows = drawing.strip().splitlines()
        numbered = [f"{row} | {number}" for number, row in enumerate(rows, start=1)]
        records = table("\n".join([f"{names} | _record_number", *numbered]), _record_number="long")
        if "_fault" not in records.columns:
            records = records.withColumn("_fault", F.lit(None).cast("string"))
        # What JSON should have written as a string and did not: drawn as names, separated by blanks.
        not_text = F.split("_not_text", " ") if "_not_text" in records.columns else F.lit(None).cast("array<string>")
        lineage = {"_raw": F.lit("raw"), "_source_file": F.lit("file"), "_batch_id": F.lit("b1")}
        return records.withColumns({"_not_text": not_text, **lineage})

    return draw
