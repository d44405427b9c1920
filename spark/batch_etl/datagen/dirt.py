"""Where dirt lies, of which kinds it can be, and what it does to a record.

A deck is a dataset's list of dirt; the k-th dirty record gets the k-th card, over and over, so every kind comes about
equally often and its answer is known from the card, not from reading the record again.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic

from batch_etl.datagen.dice import Dice
from batch_etl.datagen.rows import Cells, Source, Truth

_PPM = 1_000_000
_CLEAN_BLOCK = 1_000

ABSENT = object()
"""The value of a change that takes the column away (JSON only)."""


@dataclass(frozen=True)
class Change:
    """One cell that breaks its contract.

    value  as written; in text, {cell} is the right value and {whole}, {part} are its sides of the decimal point
    rule   the reason, without the column in front and the value behind
    """

    column: str
    value: Any
    rule: str

    @property
    def reason(self) -> str:
        return f"{self.column}: {self.rule}"

    def apply_to(self, cells: Cells) -> None:
        if self.value is ABSENT:
            cells.pop(self.column, None)
        elif isinstance(self.value, str):
            cell = str(cells.get(self.column, ""))
            whole, _, part = cell.partition(".")
            cells[self.column] = self.value.format(cell=cell, whole=whole, part=part)
        else:
            cells[self.column] = self.value


@dataclass(frozen=True)
class BadCells:
    """A record that can be taken apart and breaks its contract in one or several columns."""

    kind: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class BadLine:
    """A record that cannot be taken apart; write gets the right cells and returns the line."""

    kind: str
    reason: str
    write: Callable[[Cells], str]


@dataclass(frozen=True)
class Repeat(Generic[Truth]):
    """A second record of a key: a copy where vary changes nothing, else another version at the same key."""

    kind: str
    vary: Callable[[Truth], Truth] = lambda truth: truth
    is_spelled_otherwise: bool = False


@dataclass(frozen=True)
class Oddity(Generic[Truth]):
    """A record that keeps its contract and is worth a look all the same."""

    kind: str
    vary: Callable[[Truth, Dice], Truth]


Card = BadCells | BadLine | Repeat[Truth] | Oddity[Truth]


@dataclass(frozen=True)
class Block:
    """A stretch of records with one dirty one at most, which stands in its second half: a repeat finds an original."""

    start: int
    stop: int
    number: int
    dirty: int | None


@dataclass(frozen=True)
class Stretch:
    """Records from start to before stop that can be made without the others: whole blocks, from a first one on."""

    start: int
    stop: int
    first_block: int


def stretches(dirt_ppm: int, count: int, *, about: int) -> Iterator[Stretch]:
    """Part the first count records into stretches of about so many."""
    step = max(1, about * dirt_ppm // _PPM if dirt_ppm else about // _CLEAN_BLOCK)
    block = 0
    while (start := _begin(dirt_ppm, block)) < count:
        yield Stretch(start, min(count, _begin(dirt_ppm, block + step)), block)
        block += step


def blocks(dirt_ppm: int, stretch: Stretch, dice_of: Callable[[int], Dice]) -> Iterator[Block]:
    """Part a stretch into blocks; the last of a file may be cut short, also before its dirty record."""
    number, start = stretch.first_block, stretch.start
    while start < stretch.stop:
        stop = _begin(dirt_ppm, number + 1)
        half = start + (stop - start) // 2
        dirty = half + dice_of(number).below(stop - half) if dirt_ppm else None
        stands = dirty is not None and dirty < stretch.stop
        yield Block(start, min(stop, stretch.stop), number, dirty if stands else None)
        number, start = number + 1, stop


def _begin(dirt_ppm: int, block: int) -> int:
    return -(-block * _PPM // dirt_ppm) if dirt_ppm else block * _CLEAN_BLOCK


def spoil(source: Source[Truth], truth: Truth, card: BadCells | BadLine) -> tuple[str, tuple[str, ...], Cells]:
    """Return the line, its reasons, and the cells a reader can still tell apart (none in a broken line)."""
    cells = source.cells(truth)
    if isinstance(card, BadLine):
        # A broken quote beside a line feed inside a cell would spoil the neighbours too.
        on_one_line = {
            name: value.replace("\n", " ") if isinstance(value, str) else value for name, value in cells.items()
        }
        return card.write(on_one_line), (card.reason,), {}
    for change in card.changes:
        change.apply_to(cells)
    return source.write(cells), tuple(change.reason for change in card.changes), cells


def cents(amount: str | None) -> int:
    """An amount as the ledger counts it: 0 unless it is strictly a number of whole cents that fits numeric(12,2)."""
    match = re.fullmatch(r"(-?)([0-9]{1,10})(?:\.([0-9]{1,2}))?", amount or "")
    if match is None:
        return 0
    sign, whole, part = match.groups(default="")
    return int(f"{sign}{whole}{part:0<2}")


def bad_cells(kind: str, *changes: tuple[str, Any, str]) -> BadCells:
    return BadCells(kind, tuple(Change(*change) for change in changes))
