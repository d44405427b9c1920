"""What becomes of the records of one file: counts, cents and reasons."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class FileLedger:
    """Running totals of a file: records in = clean + quarantined + duplicates, by count and by cents."""

    dataset: str
    counts: Counter[str] = field(default_factory=Counter)
    cents: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: str, cents: int, reasons: Iterable[str]) -> None:
        """A record."""
        self.counts[outcome] += 1
        self.cents[outcome] += cents
        if outcome == "quarantined":
            self.reasons.update(reasons)

    def add_clean(self, records: int, cents: int) -> None:
        self.counts["clean"] += records
        self.cents["clean"] += cents

    def merge(self, other: "FileLedger") -> None:
        """The next part of the same file."""
        # update, not +=, which would forget sums below zero: a negative price counts in the ledger too.
        self.counts.update(other.counts)
        self.cents.update(other.cents)
        self.reasons.update(other.reasons)

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
