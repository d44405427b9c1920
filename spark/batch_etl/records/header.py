"""The columns that a file names, held against those of its contract."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from batch_etl.contract import Contract
from batch_etl.records.csv_records import OWN_COLUMNS, parse_header
from batch_etl.wording import some_of

_DELIMITERS = ",;\t|"
_NAMED_AT_MOST = 20


@dataclass(frozen=True)
class Header:
    """The columns of a file, in its order.

    fault       why no record of the file can be taken apart, or None
    is_refused  whether the file is refused for it, as the contract wants; else its records are quarantined
    """

    names: tuple[str, ...]
    fault: str | None = None
    is_refused: bool = False


def judge_header(record: str, contract: Contract) -> Header:
    """Judge what a header record names by the contract's drift policy."""
    delimiter = contract.dialect.delimiter
    names = parse_header(record, delimiter=delimiter)
    if other := _other_delimiter(record, names or [], contract):
        faults = [f"parted by {other!r}, its contract says {delimiter!r}"]
    elif names is None:
        has_lone_cr = "\r" in record.removesuffix("\r") and '"' not in record
        faults = ["lines end in CR alone, end them in LF" if has_lone_cr else "malformed"]
    elif _may_be_a_person(names, contract):
        faults = ["none of its names is known, as if it were missing"]
    else:
        is_open = contract.drift == "evolve"
        needed = [column.name for column in contract.columns if column.is_required or not is_open]
        faults = list(_faults(names, needed, contract.column_names, is_open=is_open))
    fault = f"header: {'; '.join(faults)}" if faults else None
    return Header(tuple(names or ()), fault, is_refused=bool(faults) and contract.drift != "quarantine")


def drifted(header: Header, contract: Contract) -> dict[str, str]:
    """How the columns of a file differ from those of a contract that lets them: what is kept aside, what lacks."""
    names = contract.column_names
    found = {
        "kept_aside": [name for name in header.names if name not in names],
        "lacking": [name for name in names if name not in header.names],
    }
    return {what: listed(columns) for what, columns in found.items() if columns and not header.fault}


def listed(names: Sequence[str]) -> str:
    """These columns, or the first of very many."""
    return some_of(names, at_most=_NAMED_AT_MOST)


def _other_delimiter(record: str, names: Iterable[str], contract: Contract) -> str | None:
    """What parts the columns of the contract, where its own delimiter gives none of them."""
    known = {_likeness(name) for name in contract.column_names}
    if not known.isdisjoint(map(_likeness, names)):
        return None
    parted = {other: parse_header(record, delimiter=other) or [] for other in _DELIMITERS}
    return next((other for other, found in parted.items() if not known.isdisjoint(map(_likeness, found))), None)


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
            yield f"{what} {listed(faulty)}"
    if is_open:
        yield from (f"'{name}' is a name of ours, rename the column" for name in OWN_COLUMNS if name in unknown)
    by_likeness = {_likeness(name): name for name in known if name not in names}
    alike = [f"for '{name}' use {by_likeness[_likeness(name)]}" for name in unknown if _likeness(name) in by_likeness]
    yield from alike[:_NAMED_AT_MOST]


def _likeness(name: str) -> str:
    """The same for names that differ in case, blanks and dashes only."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
