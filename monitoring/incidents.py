"""What is an incident, and when does one open, go on, recover? Pure: facts and the clock come in."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

# docs/runbook.md has an entry for each.
Kind = Literal[
    "stage_failed", "check_failed", "file_refused", "stage_late", "worker_crashed", "not_fresh", "channel_dead"
]
KINDS = get_args(Kind)
# What tells one failure from another of the same cause: names, numbers, times, hashes, paths.
_VARIABLE = (
    # An apostrophe within a word, as in can't, is no quote.
    (re.compile(r"(?<!\w)[bBeE]?'(?:[^']|(?<=\w)'(?=\w))*'(?!\w)|\"[^\"]*\"|`[^`]*`"), "<name>"),
    (re.compile(r"\b(?:manual|scheduled|backfill|asset_triggered)__\S+"), "<run>"),
    (re.compile(r"\b(?:0x[0-9a-f]+|[0-9a-f-]{36}|[0-9a-f]{8,})\b", re.IGNORECASE), "<id>"),
    (re.compile(r"(?:/[\w.~=-]+){2,}/?|\b[\w-]+\.(?:csv|json|jsonl|gz|zst|parquet)\b"), "<file>"),
    (re.compile(r"\d+"), "<n>"),
)


@dataclass(frozen=True)
class Finding:
    """One cause that something is wrong for now.

    places    where: stages, files, checks
    messages  what was said there, in full, a few of them
    is_settled  whether it stays wrong unless somebody acts: no retry can still mend it
    """

    kind: Kind
    cause: str
    severity: str
    subject: str
    runbook: str
    first_seen_at: datetime
    last_seen_at: datetime
    occurrences: int = 1
    run_key: str = ""
    places: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    is_settled: bool = True

    @property
    def identity(self) -> tuple[str, str]:
        return self.kind, self.cause


@dataclass(frozen=True)
class Verdict:
    """What becomes of incidents, given those that go on and what is wrong now.

    worse  those of going_on that were a warning and are an error
    """

    opened: list[Finding] = field(default_factory=list)
    going_on: list[Finding] = field(default_factory=list)
    worse: list[Finding] = field(default_factory=list)
    recovered: list[tuple[str, str]] = field(default_factory=list)


def decide(severities: Mapping[tuple[str, str], str], findings: Sequence[Finding]) -> Verdict:
    """One incident a cause: it opens when that is settled, goes on while it is wrong, recovers when it is not.

    severities  of the incidents that go on: the gravest that was told of each
    """
    going_on = [each for each in findings if each.identity in severities]
    return Verdict(
        opened=[each for each in findings if each.is_settled and each.identity not in severities],
        going_on=going_on,
        worse=[each for each in going_on if each.is_settled and _is_graver(each.severity, severities[each.identity])],
        recovered=sorted(severities.keys() - {each.identity for each in findings}),
    )


def _is_graver(severity: str, told: str) -> bool:
    return (severity, told) == ("error", "warn")


def fingerprint(*said: str) -> str:
    """The same for messages that differ only in names, numbers, times, hashes and paths."""
    return hashlib.sha256("\n".join(map(normalise, said)).encode()).hexdigest()[:16]


def normalise(message: str) -> str:
    """Put a placeholder for everything that is another one each time."""
    for pattern, placeholder in _VARIABLE:
        message = pattern.sub(placeholder, message)
    return " ".join(message.split())


def describe(finding: Finding, *, report: str = "") -> str:
    """The text of an alert: where, since when, how many, what was said, what to do."""
    shown = ", ".join(finding.places[:10]) + (" …" if len(finding.places) > 10 else "")  # noqa: PLR2004 - enough to see
    lines = [
        f"Where: {shown}" if shown else "",
        f"Run: {finding.run_key}" if finding.run_key else "",
        f"Since: {finding.first_seen_at:%Y-%m-%d %H:%M:%S} UTC",
        f"How many: {finding.occurrences}",
        *(f"Said: {message}" for message in finding.messages),
        f"What to do: docs/runbook.md#{anchor(finding.runbook)}",
        f"Report: {report}" if report else "",
    ]
    return "\n".join(line for line in lines if line)


def anchor(heading: str) -> str:
    """How a link names a heading of the runbook."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
