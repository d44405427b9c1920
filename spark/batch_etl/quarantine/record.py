"""A record in quarantine, as it is published."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class QuarantinedRecord:
    """One record that breaks its contract.

    raw            its text as it stands in the file, without the line end
    first_seen_at  when a run first found its file; None where the audit does not know
    """

    dataset: str
    batch_id: str
    source_file: str
    record_number: int
    raw: str
    reasons: tuple[str, ...]
    first_seen_at: datetime | None
    last_seen_at: datetime | None


def rule_of(reason: str) -> str:
    """A reason without the value behind it: "quantity: below 1: 0" is "quantity: below 1"."""
    return ": ".join(reason.split(": ", 2)[:2])
