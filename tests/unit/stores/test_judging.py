"""A task judges parts of a file; of keys that several parts hold, one record stands all the same."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from batch_etl.contract import Column, Contract
from batch_etl.stores import judging
from batch_etl.stores.judging import Judged, files_by_layer, judge_parts, measure, parts_of, set_shared_apart
from batch_etl.stores.lake import read_part
from batch_etl.stores.landing import Limits, land
from batch_etl.stores.source_reader import pieces_of, take_apart
from batch_etl.transforms.duplicates import key_hashes

PRICES = Contract(
    dataset="prices",
    file_format="csv",
    file_pattern="*",
    columns=(
        Column(name="id", kind="text", physical_type="text", description="", is_required=True),
        Column(name="usd", kind="decimal", physical_type="numeric(6,2)", description="", precision=6, scale=2),
    ),
    key=("id",),
    version_order=(),
    ledger_amount="usd",
    references={},
)
HEADER = "id,usd\n"


def judged(folder: Path, text: str, *, contract: Contract = PRICES, split_bytes: int = 1 << 20) -> list[Judged]:
    """A file that landed, was taken apart and is judged part by part, all of it in this process."""
    (folder / "prices.csv").write_text(HEADER + text)
    limits = Limits(split_bytes=split_bytes, max_unpacked_bytes=1)
    batch, _ = land(folder / "prices.csv", contract, landing=folder / "landing", limits=limits)
    (folder / "ingested").mkdir()
    take_apart(pieces_of(batch, contract), folder / "ingested", landing=folder / "landing")
    (folder / "judged").mkdir()
    return judge_parts(parts_of(batch, contract, folder / "ingested"), folder / "judged")


def rows(files: Sequence[Path]) -> list[dict]:
    return sorted((row for file in files for row in read_part(file).to_pylist()), key=lambda row: row["_record_number"])


def test_each_record_goes_to_one_layer_and_the_cents_of_all_are_counted(tmp_path: Path, spark: SparkSession) -> None:
    (part,) = parts = judged(tmp_path, "A,1.50\nB,0.05\nA,1.25\n,7.00\nC,x\n")

    files = files_by_layer(spark, parts, tmp_path / "scratch")

    assert {layer: [row["_record_number"] for row in rows(files[layer])] for layer in files} == {
        "clean": [1, 2],
        "quarantine": [4, 5],
        "duplicates": [3],
    }
    assert [row["_raw"] for row in rows(files["quarantine"])] == [",7.00", "C,x"]
    assert part.cents == 980
    assert [measure(files[layer], PRICES) for layer in files] == [(2, 155), (2, 700), (1, 125)]


def test_a_layer_without_records_has_no_file(tmp_path: Path, spark: SparkSession) -> None:
    files = files_by_layer(spark, judged(tmp_path, "A,1.50\n"), tmp_path / "scratch")

    assert {layer: len(of_layer) for layer, of_layer in files.items()} == {"clean": 1, "quarantine": 0, "duplicates": 0}


def test_records_of_a_dataset_without_an_amount_have_no_cents(tmp_path: Path) -> None:
    contract = PRICES.model_copy(update={"ledger_amount": None})
    (part,) = judged(tmp_path, "A,1.50\nB,2.00\n", contract=contract)

    assert (part.cents, measure([part.files["clean"]], contract)) == (0, (2, 0))


FAR_APART = "A,1.00\nB,1.00\nA,3.00\nC,1.00\nD,xxxx\nE,1.00\nA,2.00\nB,1.00\nC,1.00\n"


@pytest.fixture
def in_small_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Judged]:
    """The records of FAR_APART, three to a part."""
    monkeypatch.setattr("batch_etl.stores.source_bytes.CHUNK_BYTES", 7)
    parts = judged(tmp_path, FAR_APART, split_bytes=21)
    assert [part.part.rows for part in parts] == [3, 3, 3]
    return parts


def test_of_a_key_that_several_parts_hold_one_record_stands(
    in_small_parts: list[Judged], tmp_path: Path, spark: SparkSession
) -> None:
    files = files_by_layer(spark, in_small_parts, tmp_path / "scratch")

    assert [row["_record_number"] for row in rows(files["clean"])] == [2, 3, 4, 6]
    assert [(row["_record_number"], row["_stands"], row["_kind"]) for row in rows(files["duplicates"])] == [
        (1, 3, "superseded version"),
        (7, 3, "superseded version"),
        (8, 2, "exact copy"),
        (9, 4, "exact copy"),
    ]


def test_parts_that_share_no_key_stay_as_they_are(
    in_small_parts: list[Judged], tmp_path: Path, spark: SparkSession
) -> None:
    alone = in_small_parts[:1] + in_small_parts[1:2]
    hashes = np.load(alone[1].files["hashes"])
    np.save(alone[0].files["hashes"], hashes + np.uint64(1))

    files = files_by_layer(spark, alone, tmp_path / "scratch")

    assert files["clean"] == [part.files["clean"] for part in alone]


def test_a_part_gives_the_records_of_shared_keys_away_and_keeps_the_others(
    in_small_parts: list[Judged], tmp_path: Path
) -> None:
    first, shared = in_small_parts[0], tmp_path / "shared.npy"
    np.save(shared, key_hashes(pa.table({"id": ["B"]}), PRICES))

    files = set_shared_apart(first, tmp_path, hashes=shared).files

    assert [row["id"] for layer in ("shared", "clean", "duplicates") for row in rows([files[layer]])] == ["B", "A", "A"]
    assert files["duplicates"] == first.files["duplicates"]


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_numbers_of_several_parts_are_found_however_few_are_looked_at_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    """Range after range, so that memory does not grow with the file."""
    monkeypatch.setattr(judging, "_HASHES_AT_ONCE", at_once)
    parts = [[0, 2**63, 2**64 - 1], [5, 2**63, 2**63 + 1], [], [0, 5, 6]]

    shared = judging.shared_hashes([np.array(numbers, np.uint64) for numbers in parts])

    assert shared.tolist() == [0, 5, 2**63]
