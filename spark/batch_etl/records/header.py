"""The columns that a file names, held against those of its contract."""

from collections.abc import Iterator
from dataclasses import dataclass

from batch_etl.contract import Contract
from batch_etl.records.csv_records import OWN_COLUMNS


@dataclass(frozen=True)
class Header:
    """The columns of a file, in its order.

    fault       why no record of the file can be taken apart, or None
    is_refused  whether the file is refused for it, as the contract wants; else its records are quarantined
    """

    names: tuple[str, ...]
    fault: str | None = None
    is_refused: bool = False


def judge_header(names: list[str] | None, contract: Contract) -> Header:
    """Judge what a header record names by the contract's drift policy. names: None where it is malformed."""
    if names is None:
        faults = ["malformed"]
    elif _may_be_a_person(names, contract):
        faults = ["none of its names is known, as if it were missing"]
    else:
        is_open = contract.drift == "evolve"
        needed = [column.name for column in contract.columns if column.is_required or not is_open]
        faults = list(_faults(names, needed, contract.column_names, is_open=is_open))
    fault = f"header: {'; '.join(faults)}" if faults else None
    return Header(tuple(names or ()), fault, is_refused=bool(faults) and contract.drift != "quarantine")


def _may_be_a_person(names: list[str], contract: Contract) -> bool:
    """Whether it looks like a record: then its values must not be told as unknown names."""
    known = {_likeness(name) for name in contract.column_names}
    return contract.has_persons and known.isdisjoint(map(_likeness, names))


def _faults(names: list[str], needed: list[str], known: tuple[str, ...], *, is_open: bool) -> Iterator[str]:
    unknown = [name for name in names if name not in known]
    for what, faulty in (
        ("missing", [name for name in needed if name not in names]),
        ("unknown", [] if is_open else unknown),
        ("double", sorted({name for name in names if names.count(name) > 1})),
    ):
        if faulty:
            yield f"{what} {', '.join(faulty)}"
    if is_open:
        yield from (f"'{name}' is a name of ours, rename the column" for name in OWN_COLUMNS if name in unknown)
    by_likeness = {_likeness(name): name for name in known if name not in names}
    for name in unknown:
        if _likeness(name) in by_likeness:
            yield f"for '{name}' use {by_likeness[_likeness(name)]}"


def _likeness(name: str) -> str:
    """The same for names that differ in case, blanks and dashes only."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
