"""What becomes of the records of one file: counts, cents and reasons."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from batch_etl.datagen.stream import Record


@dataclass
class FileLedger:
    """Running totals of a file: records in = clean + quarantined + duplicates, by count and by cents."""

    dataset: str
    counts: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record[Any]) -> None:
        self.counts[record.outcome] += 1
        self.cents[record.outcome] += record.ledger_cents
        if record.outcome == "quarantined":
            self.reasons.update(record.reasons)

    def totals(self) -> dict[str, Any]:
        return {
            "dataset": self.dataset,
            "records": self.counts.total(),
            "clean": self.counts["clean"],
            "quarantined": self.counts["quarantined"],
            "duplicates": self.counts["duplicate"],
            "reasons": dict(sorted(self.reasons.items())),
            "source_cents": self.cents.total(),
            "clean_cents": self.cents["clean"],
            "quarantined_cents": self.cents["quarantined"],
            "duplicate_cents": self.cents["duplicate"],
        }
