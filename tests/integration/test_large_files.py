"""A file that many tasks share is judged like one that a single task reads."""

from pathlib import Path

import pytest
from pyarrow import parquet

from tests.integration.pipeline import Pipeline

HEADER = "sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method\n"
FIRST_STAGES = ("data_ingestion", "data_cleaning")


def sale(number: int, *, quantity: str = "1", price: str = "2.50") -> str:
    return f"S{number:08},C0000001,P000001,{quantity},{price},0,2025-01-01T00:00:00Z,north,card\n"


def judged(pipeline: Pipeline, layer: str) -> list[dict]:
    files = (pipeline.home / f"data/processed/{layer}/sales").rglob("*.parquet")
    rows = [row for file in files for row in parquet.ParquetFile(file).read().to_pylist()]
    return sorted(rows, key=lambda row: row["_record_number"])


@pytest.mark.usefixtures("spark")
@pytest.mark.parametrize("split_bytes", [500, 1_000_000])
def test_of_each_key_one_record_stands_wherever_the_others_are(
    warehouse_dsn: str, tmp_path: Path, split_bytes: int
) -> None:
    pipeline = Pipeline.make(tmp_path, warehouse_dsn)
    pipeline.configure(split_bytes=str(split_bytes))
    far_apart = [sale(n) for n in range(100)]
    far_apart[90] = sale(3)
    far_apart[95] = sale(5, quantity="7")
    far_apart[50] = sale(50, price="")
    (pipeline.raw / "sales_1.csv").write_text(HEADER + "".join(far_apart))

    pipeline.run("r1", stages=FIRST_STAGES)

    assert [row["_record_number"] for row in judged(pipeline, "clean")] == [
        n for n in range(1, 101) if n not in (6, 51, 91)
    ]
    assert [(row["_record_number"], row["_stands"], row["_kind"]) for row in judged(pipeline, "duplicates")] == [
        (6, 96, "superseded version"),
        (91, 4, "exact copy"),
    ]
    assert [(row["_record_number"], row["_reasons"], row["_raw"]) for row in judged(pipeline, "quarantine")] == [
        (51, ["unit_price_usd: missing"], sale(50, price="").removesuffix("\n"))
    ]
    pipeline.shows(
        "SELECT *, clean_cents + quarantined_cents + duplicate_cents AS cents FROM audit.batch_ledger",
        """
        source_records | clean_records | quarantined_records | duplicate_records | source_cents | cents
        100            | 97            | 1                   | 2                 | 24750        | 24750
        """,
    )
