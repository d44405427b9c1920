"""From a source and its deck to the parts of a file, each with its answers."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.dirt import BadCells, BadLine, Block, Card, Oddity, Repeat, Stretch, blocks, cents, spoil
from batch_etl.datagen.ledger import FileLedger
from batch_etl.datagen.rows import Drafts, Source, Truth
from batch_etl.datagen.world import World

Outcome = Literal["clean", "quarantined", "duplicate"]


@dataclass(slots=True)
class Record(Generic[Truth]):
    """A record as written, and what a perfect pipeline makes of it.

    truth         its typed values; None where the record breaks its contract
    kind          what was planted, '' for nothing
    reasons       every reason, without values, in the order of the columns
    ledger_cents  what it adds to the ledger of its file
    """

    line: str
    truth: Truth | None
    kind: str
    outcome: Outcome
    reasons: tuple[str, ...]
    ledger_cents: int


@dataclass(frozen=True)
class Part:
    """A part of a file: its bytes, those of its answers, its share of the ledger, and what is clean in it."""

    data: bytes
    answers: bytes
    ledger: FileLedger
    clean: Any


@dataclass(frozen=True)
class Recipe(Generic[Truth]):
    """All it takes to make the files of one dataset."""

    source: Source[Truth]
    deck: Sequence[Card[Truth]]
    ledger_column: str | None

    def part(self, world: World, stretch: Stretch) -> Part:
        """The records of a stretch, which are the same whatever else is made. Most are as drafted, some are touched."""
        drafts = self.source.drafts(stretch.start, stretch.stop)
        touched = self._touched(world, stretch, drafts)
        answers = _clean_answers(stretch.start + 1, drafts.kinds())
        survivors = [r.truth for r in touched.values() if r.outcome == "clean" and r.truth is not None]
        return Part(
            data=_joined(drafts.lines(), {place: f"{record.line}\n" for place, record in touched.items()}),
            answers=_joined(answers, {p: _answer(stretch.start + 1 + p, r) for p, r in touched.items()}),
            ledger=self._ledger(drafts.cents(), touched),
            clean=drafts.replaced(list(touched), survivors),
        )

    def _ledger(self, untouched_cents: Numbers, touched: Mapping[int, Record[Truth]]) -> FileLedger:
        ledger = FileLedger(self.source.name)
        untouched = np.delete(untouched_cents, list(touched))
        ledger.add_clean(len(untouched), int(untouched.sum()))
        for record in touched.values():
            ledger.add(record.outcome, record.ledger_cents, record.reasons)
        return ledger

    def _touched(self, world: World, stretch: Stretch, drafts: Drafts[Truth]) -> dict[int, Record[Truth]]:
        """The records that dirt makes or concerns, by their place in the stretch, in order."""
        touched: dict[int, Record[Truth]] = {}
        for block in blocks(world.dirt_ppm, stretch, lambda number: world.dice(self.source.name, "dirt", number)):
            if block.dirty is not None:
                card = self.deck[block.number % len(self.deck)]
                touched |= self._play(world, card, block, lambda index: drafts.at(index - stretch.start))
        return {index - stretch.start: touched[index] for index in sorted(touched)}

    def _play(
        self, world: World, card: Card[Truth], block: Block, draft: Callable[[int], tuple[Truth, str]]
    ) -> dict[int, Record[Truth]]:
        """Put dirt on the block's dirty record; return what became of it and of a record that it repeats."""
        dirty = block.dirty
        assert dirty is not None  # noqa: S101 - for the type checker
        dice = world.dice(self.source.name, "card", block.number)
        match card:
            case BadCells() | BadLine():
                line, reasons, cells = spoil(self.source, draft(dirty)[0], card)
                return {dirty: Record(line, None, card.kind, "quarantined", reasons, self._ledger_cents(cells))}
            case Oddity():
                return {dirty: self._clean(card.vary(draft(dirty)[0], dice), card.kind)}
            case Repeat():
                index = block.start + dice.below(dirty - block.start)
                truth, kind = draft(index)
                original = self._clean(truth, kind)
                repeat = self._clean(card.vary(truth), card.kind, is_spelled_otherwise=card.is_spelled_otherwise)
                self._settle(original, repeat)
                return {index: original, dirty: repeat}

    def _clean(self, truth: Truth, kind: str, *, is_spelled_otherwise: bool = False) -> Record[Truth]:
        cells = self.source.cells(truth)
        line = self.source.write_otherwise(cells) if is_spelled_otherwise else self.source.write(cells)
        return Record(line, truth, kind, "clean", (), self._ledger_cents(cells))

    def _settle(self, original: Record[Truth], repeat: Record[Truth]) -> None:
        """Of two records of a key one stays: the first of two copies, else the later version."""
        first, second = self._rank(original), self._rank(repeat)
        loser = original if first < second else repeat
        loser.outcome = "duplicate"
        loser.reasons = ("exact copy",) if first == second else ("superseded version",)

    def _rank(self, record: Record[Truth]) -> tuple[Any, ...]:
        """Version order first, then the columns in their order; nothing ranks below anything."""
        assert record.truth is not None  # noqa: S101 - both keep the contract
        values: tuple[Any, ...] = tuple(record.truth)
        return (self.source.version_order(record.truth), *((value is not None, value) for value in values))

    def _ledger_cents(self, cells: dict[str, Any]) -> int:
        return cents(cells.get(self.ledger_column)) if self.ledger_column else 0


def _answer(number: int, record: Record[Any]) -> str:
    line = io.StringIO()
    row = (number, record.outcome, record.kind, "|".join(record.reasons))
    csv.writer(line, lineterminator="\n").writerow(row)
    return line.getvalue()


def _clean_answers(first: int, kinds: pa.StringArray) -> pa.StringArray:
    numbers = pc.cast(pa.array(np.arange(first, first + len(kinds))), pa.string())
    return pc.binary_join_element_wise(numbers, ",clean,", kinds, ",\n", "")


def _joined(texts: pa.StringArray, others: Mapping[int, str]) -> bytes:
    """All texts in their order, with others in the places of some, which are in order too."""
    # Arrow holds them as one stretch of bytes, so that what is between two others is one piece of it.
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    content = memoryview(texts.buffers()[2])
    pieces: list[bytes | memoryview] = []
    begin = 0
    for place, other in others.items():
        pieces += [content[begin : offsets[place]], other.encode()]
        begin = offsets[place + 1]
    return b"".join([*pieces, content[begin : offsets[len(texts)]]])
