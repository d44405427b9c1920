"""Why records are in quarantine, from the lake: there they are also when nothing was published of them."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.stores.lake import read_part

_SAMPLES = 3
# "column: rule: value" without the value.
_RULE = r"(?s)^(.*?: .*?)(: .*)?$"


@dataclass(frozen=True)
class RejectedBatch:
    """A batch with records in quarantine, and the folder that holds them."""

    dataset: str
    batch_id: str
    source_file: str
    folder: Path


@dataclass(frozen=True)
class Rejections:
    """(dataset, reason) -> records, the most frequent first, and the first few of these records."""

    records: Mapping[tuple[str, str], int]
    samples: Mapping[tuple[str, str], Sequence[QuarantinedRecord]]


def read_rejections(batches: Sequence[RejectedBatch]) -> Rejections:
    """Count the reasons, values left out; a record with two reasons counts for both."""
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[tuple[str, str], list[QuarantinedRecord]] = defaultdict(list)
    for batch in sorted(batches, key=lambda batch: (batch.dataset, batch.batch_id)):
        for file in sorted(batch.folder.glob("*.parquet")):
            reasons = read_part(file, ["_reasons"])["_reasons"].combine_chunks()
            for rule, rows in _rows_by_rule(reasons):
                reason = (batch.dataset, rule)
                counts[reason] += len(rows)
                missing = _SAMPLES - len(samples[reason])
                if missing:
                    samples[reason] += _records(batch, file, rows[:missing])
    ordered = sorted(counts, key=lambda reason: (-counts[reason], reason))
    return Rejections({reason: counts[reason] for reason in ordered}, samples)


def _rows_by_rule(reasons: pa.ListArray) -> Iterator[tuple[str, np.ndarray]]:
    """Each rule that is named, and the places of the records that break it."""
    told = pc.replace_substring_regex(pc.list_flatten(reasons), pattern=_RULE, replacement=r"\1").dictionary_encode()
    places = pc.list_parent_indices(reasons).to_numpy()
    codes = told.indices.to_numpy()
    for code, rule in enumerate(told.dictionary.to_pylist()):
        yield rule, places[codes == code]


def _records(batch: RejectedBatch, file: Path, rows: np.ndarray) -> Iterator[QuarantinedRecord]:
    table = read_part(file, ["_raw", "_record_number", "_reasons"]).take(pa.array(rows))
    for row in islice(table.to_pylist(), _SAMPLES):
        yield QuarantinedRecord(
            dataset=batch.dataset,
            batch_id=batch.batch_id,
            source_file=batch.source_file,
            record_number=row["_record_number"],
            raw=row["_raw"],
            reasons=tuple(row["_reasons"]),
            first_seen_at=None,
            last_seen_at=None,
        )
