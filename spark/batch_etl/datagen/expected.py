"""Compares what a warehouse holds with what data/expected says it must hold. No database here: measuring is apart."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

Totals = dict[str, Any]

_TABLE_FIGURES = {"sums": "sum of {}", "is_true": "rows with {}", "unknown": "rows with unknown {}"}


@dataclass(frozen=True)
class Finding:
    """One figure of a file or table; None where one side does not have it at all."""

    subject: str
    figure: str
    expected: str | None
    found: str | None

    @property
    def agrees(self) -> bool:
        """As numbers where both are: 19.50 is 19.5."""
        if self.expected is None or self.found is None:
            return False
        try:
            return Decimal(self.expected) == Decimal(self.found)
        except InvalidOperation:
            return self.expected == self.found


def compare(expected: Totals, measured: Totals) -> list[Finding]:
    """Every figure of either side, in the order of the expected ones; a figure that only one side has is a finding too.

    Both have the shape of data/expected/<size>.totals.json.
    """
    wanted, found = dict(_figures(expected)), dict(_figures(measured))
    return [Finding(*key, wanted.get(key), found.get(key)) for key in dict.fromkeys([*wanted, *found])]


def differences(expected: Totals, measured: Totals) -> list[Finding]:
    """Only what does not agree."""
    return [finding for finding in compare(expected, measured) if not finding.agrees]


def _figures(totals: Totals) -> Iterator[tuple[tuple[str, str], str]]:
    for name, file in totals["files"].items():
        for figure, value in file.items():
            if figure != "reasons":
                yield (name, figure), str(value)
        for reason, count in file.get("reasons", {}).items():
            yield (name, f"reason {reason}"), str(count)
    for name, table in totals["tables"].items():
        yield (name, "rows"), str(table["rows"])
        for group, wording in _TABLE_FIGURES.items():
            for column, value in table.get(group, {}).items():
                yield (name, wording.format(column)), str(value)
