"""Why records are in quarantine, counted from the files of the lake."""

from pathlib import Path

import pyarrow as pa
import pytest

from batch_etl.quarantine.record import rule_of
from batch_etl.stores.lake import write_part
from batch_etl.stores.rejections import RejectedBatch, read_rejections
from tests.unit.report.naughty import NAUGHTY


def batch(folder: Path, *parts: list[list[str]], batch_id: str = "b1") -> RejectedBatch:
    """Records by their reasons, numbered from 1 over all parts."""
    number = 0
    place = folder / batch_id
    place.mkdir()
    for name, part in enumerate(parts):
        numbers = range(number + 1, number + len(part) + 1)
        number += len(part)
        columns = {
            "_raw": [f"record {n}" for n in numbers],
            "_record_number": list(numbers),
            "_reasons": pa.array(part, pa.list_(pa.string())),
        }
        write_part(pa.table(columns), place / f"part-{name:05}.parquet")
    return RejectedBatch("sales", batch_id, f"{batch_id}.csv", place)


def test_reasons_are_counted_without_their_values_over_all_files(tmp_path: Path) -> None:
    small, missing, moon = ["quantity: below 1: 0"], ["price: missing"], ["region: not an allowed value: a: b"]
    batches = [
        batch(tmp_path, [small, [*missing, *moon]], [small], batch_id="b1"),
        batch(tmp_path, [["quantity: below 1: -7"], moon], batch_id="b2"),
    ]

    found = read_rejections(batches)

    assert list(found.records.items()) == [
        (("sales", "quantity: below 1"), 3),
        (("sales", "region: not an allowed value"), 2),
        (("sales", "price: missing"), 1),
    ]
    (record,) = found.samples["sales", "price: missing"]
    assert (record.source_file, record.record_number, record.raw) == ("b1.csv", 2, "record 2")
    assert record.reasons == ("price: missing", "region: not an allowed value: a: b")


def test_the_samples_of_a_reason_are_its_first_three_records(tmp_path: Path) -> None:
    rejected = [["a: missing"]] * 2
    batches = [batch(tmp_path, rejected, rejected, batch_id="b2"), batch(tmp_path, [["b: missing"]], batch_id="b1")]

    samples = read_rejections(batches).samples

    assert [(s.batch_id, s.record_number) for s in samples["sales", "a: missing"]] == [("b2", 1), ("b2", 2), ("b2", 3)]


@pytest.mark.parametrize("form", ["column: rule: {}", "column: rule", "{}: missing"])
def test_a_reason_is_parted_as_everywhere_whatever_the_value_is(tmp_path: Path, form: str) -> None:
    reasons = [form.format(text) for text in NAUGHTY if text.isprintable()]

    found = read_rejections([batch(tmp_path, [[reason] for reason in reasons])])

    assert {reason for _, reason in found.records} == set(map(rule_of, reasons))


def test_nothing_in_quarantine_is_no_reason(tmp_path: Path) -> None:
    assert read_rejections([RejectedBatch("sales", "b1", "s.csv", tmp_path / "none")]).records == {}
