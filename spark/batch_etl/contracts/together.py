"""Faults that no contract has by itself: files that two of them claim, references that lead nowhere."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path

from batch_etl.contract import Contract


def faults_together(contracts: Mapping[str, Contract], unread: set[str], folder: Path) -> list[str]:
    """What is wrong between contracts. unread: datasets whose own faults are told already."""
    found = [*_shared_files(contracts), *_dead_references(contracts, unread)]
    return [f"{folder}: {fault}" for fault in found]


def _shared_files(contracts: Mapping[str, Contract]) -> Iterator[str]:
    for one, other in combinations(contracts.values(), 2):
        name = shared_name(one.file_pattern, other.file_pattern)
        if name is not None:
            yield (
                f"{one.dataset}, {other.dataset}: a file such as {name} would belong to both, by "
                f"{one.file_pattern} and {other.file_pattern}; tell their names apart in servers.path"
            )


def _dead_references(contracts: Mapping[str, Contract], unread: set[str]) -> Iterator[str]:
    for contract in contracts.values():
        for name, (dataset, target) in contract.references.items():
            if dataset in unread:
                continue
            place = f"{contract.dataset}: {name} refers to {dataset}.{target}"
            if dataset not in contracts or target not in contracts[dataset].column_names:
                yield f"{place}, which no contract has"
            elif contracts[dataset].column(target).kind != contract.column(name).kind:
                yield f"{place}, which is of another type"


def shared_name(one: str, other: str) -> str | None:
    """A name that both globs of *, ? and other characters match, or None where there is none."""
    if not one or not other:
        return "" if not (one + other).strip("*") else None
    if other[0] == "*" and one[0] != "*":
        one, other = other, one
    if one[0] == "*":
        # The star stands for nothing, or for what the other one begins with.
        without = shared_name(one[1:], other)
        if without is not None:
            return without
        longer = shared_name(one, other[1:])
        return None if longer is None else other[0].replace("*", "").replace("?", "x") + longer
    if one[0] != other[0] and "?" not in (one[0], other[0]):
        return None
    rest = shared_name(one[1:], other[1:])
    return None if rest is None else (other[0] if one[0] == "?" else one[0]).replace("?", "x") + rest
