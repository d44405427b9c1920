"""Judge measurements: pure functions from what was counted to the result of a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warn"]


@dataclass(frozen=True)
class CheckResult:
    """Outcome of a check. An error stops the publish, a warn tells. offenders: up to ten rows to look at."""

    name: str
    severity: Severity
    is_passed: bool
    message: str
    offenders: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def stops_publish(self) -> bool:
        return self.severity == "error" and not self.is_passed


def judge_row_counts(expected: Mapping[str, int], staged: Mapping[str, int]) -> CheckResult:
    """Staging holds, table by table, as many rows as the mart it was loaded from."""
    offenders = [
        {"table": table, "mart": rows, "staging": staged.get(table)}
        for table, rows in expected.items()
        if staged.get(table) != rows
    ]
    message = f"{len(offenders)} of {len(expected)} tables differ from the mart" if offenders else "every row arrived"
    return CheckResult("staging_holds_the_mart", "error", not offenders, message, offenders)


def judge_keys(table: str, offenders: Sequence[Mapping[str, Any]]) -> CheckResult:
    """No key of a table is missing or double. offenders: keys that are."""
    message = f"{len(offenders)} keys are missing or double" if offenders else "every key is there once"
    return CheckResult(f"key_of_{table.partition('.')[2]}", "error", not offenders, message, offenders[:10])


def judge_ledgers(batches: Mapping[str, Sequence[str]], balanced: Sequence[tuple[str, str]]) -> CheckResult:
    """Every batch of the mart has a ledger; the table itself only takes ledgers that balance."""
    known = set(balanced)
    offenders = [
        {"dataset": dataset, "batch_id": batch}
        for dataset, ids in batches.items()
        for batch in ids
        if (dataset, batch) not in known
    ]
    message = f"{len(offenders)} batches have no ledger" if offenders else "every record and cent is accounted for"
    return CheckResult("ledger_balances", "error", not offenders, message, offenders[:10])


def judge_offenders(name: str, severity: Severity, offenders: Sequence[Mapping[str, Any]]) -> CheckResult:
    """A check of sql/checks: it returns the offending rows, none is a pass."""
    message = f"{len(offenders)} offending rows" if offenders else "no offending row"
    return CheckResult(name, severity, not offenders, message, offenders[:10])


def judge_quarantined_share(ledgers: Sequence[Mapping[str, Any]], *, limit: float) -> CheckResult:
    """No file has more than this share of its records in quarantine."""
    offenders = [
        {"file": row["source_file"], "records": row["source_records"], "quarantined": row["quarantined_records"]}
        for row in ledgers
        if row["quarantined_records"] > limit * row["source_records"]
    ]
    message = f"{len(offenders)} files have more than {limit:.0%} of their records in quarantine"
    return CheckResult("quarantined_share", "warn", not offenders, message if offenders else "as usual", offenders)


def judge_unknown_share(sales: int, unknown: Mapping[str, int], *, limit: float) -> CheckResult:
    """Not too many sales point at the unknown customer or product."""
    offenders = [
        {"dimension": name, "sales": sales, "unknown": count}
        for name, count in unknown.items()
        if count > limit * sales
    ]
    parts = ", ".join(f"{count} without a known {name}" for name, count in unknown.items())
    return CheckResult("unknown_share", "warn", not offenders, f"of {sales} sales {parts}", offenders)
