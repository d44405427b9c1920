"""Judge quarantined records again by today's contracts, in this process: what would a replay change?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from batch_etl.contract import Contract
from batch_etl.quarantine.record import QuarantinedRecord, rule_of
from batch_etl.records.boundaries import TOO_LONG, Records
from batch_etl.records.header import Header
from batch_etl.stores.source_reader import parse_records
from batch_etl.transforms.judge import judge

# dataset -> batch_id -> header of the file
Headers = Mapping[str, Mapping[str, Header]]


@dataclass
class Outlook:
    """What a replay would make of the records that were looked at.

    looked_at     records
    would_pass    those that keep today's contract; one whose key another record has becomes a duplicate then
    would_change  those that stay, with other reasons
    not_here      those whose file or contract is gone: only a run can tell
    before        (dataset, published reason) -> records
    passing       (dataset, published reason) -> those of them that would pass
    after         (dataset, today's reason) -> records that stay
    unjudged      (dataset, published reason) -> those of them that only a run can judge
    """

    looked_at: int = 0
    would_pass: int = 0
    would_change: int = 0
    not_here: int = 0
    before: Counter[tuple[str, str]] = field(default_factory=Counter)
    passing: Counter[tuple[str, str]] = field(default_factory=Counter)
    after: Counter[tuple[str, str]] = field(default_factory=Counter)
    unjudged: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def changes_nothing(self) -> bool:
        return not (self.would_pass or self.would_change or self.not_here)

    def as_json(self) -> dict[str, Any]:
        figures = ("looked_at", "would_pass", "would_change", "not_here")
        return {
            **{name: getattr(self, name) for name in figures},
            "published_reasons": [
                {"dataset": dataset, "reason": rule, "records": count, "would_pass": self.passing[dataset, rule]}
                for (dataset, rule), count in sorted(self.before.items())
            ],
            "reasons_that_stay": [
                {"dataset": dataset, "reason": rule, "records": count}
                for (dataset, rule), count in sorted(self.after.items())
            ],
        }

    def by_reason(self) -> list[dict[str, Any]]:
        """Records of each reason now, those of them that would pass, and those that would have it after a replay."""
        return [
            {
                "dataset": dataset,
                "reason": rule,
                "records": self.before[dataset, rule],
                "would_pass": self.passing[dataset, rule],
                "would_stay": self.after[dataset, rule] + self.unjudged[dataset, rule],
            }
            for dataset, rule in sorted({*self.before, *self.after})
        ]

    def add(self, record: QuarantinedRecord, reasons: Sequence[str]) -> None:
        """Count a record and its reasons of today; none means that it keeps the contract."""
        published = [(record.dataset, rule_of(reason)) for reason in record.reasons]
        self.looked_at += 1
        self.before.update(published)
        if reasons:
            self.would_change += tuple(reasons) != record.reasons
            self.after.update((record.dataset, rule_of(reason)) for reason in reasons)
        else:
            self.would_pass += 1
            self.passing.update(published)

    def add_unknown(self, portion: Sequence[QuarantinedRecord]) -> None:
        self.looked_at += len(portion)
        self.not_here += len(portion)
        published = [(record.dataset, rule_of(reason)) for record in portion for reason in record.reasons]
        self.before.update(published)
        self.unjudged.update(published)


def foresee(
    portions: Iterable[Sequence[QuarantinedRecord]], contracts: Mapping[str, Contract], headers: Headers
) -> Outlook:
    """Judge the raw text of each record by today's contract, as cleaning would."""
    outlook = Outlook()
    for portion in portions:
        dataset, batch_id = portion[0].dataset, portion[0].batch_id
        header = headers.get(dataset, {}).get(batch_id)
        if header is None:
            outlook.add_unknown(portion)
            continue
        rejected = judge(_taken_apart(portion, header, contracts[dataset]), contracts[dataset]).rejected
        reasons = dict(zip(rejected["_record_number"].to_pylist(), rejected["_reasons"].to_pylist(), strict=True))
        for record in portion:
            outlook.add(record, reasons.get(record.record_number, ()))
    return outlook


def _taken_apart(portion: Sequence[QuarantinedRecord], header: Header, contract: Contract) -> pa.Table:
    """The records of one file as ingestion would write them."""
    raws = Records.one_by_one(record.raw.encode("utf-8") for record in portion)
    # What was too long was cut when it was ingested: its end is not here.
    cut = frozenset(place for place, record in enumerate(portion) if TOO_LONG in record.reasons)
    table = parse_records(Records(raws.lines, raws.others, cut), header, contract)
    lineage = {
        "_record_number": pa.array([record.record_number for record in portion], pa.int64()),
        "_source_file": pa.repeat(portion[0].source_file, len(portion)),
        "_batch_id": pa.repeat(portion[0].batch_id, len(portion)),
    }
    for name, values in lineage.items():
        table = table.append_column(name, values)
    return table
