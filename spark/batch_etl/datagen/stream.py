"""From a source and its deck to the records of a file, one after the other, each with its answer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal

from batch_etl.datagen.dirt import BadCells, BadLine, Block, Card, Oddity, Repeat, blocks, cents, spoil
from batch_etl.datagen.rows import Source, Truth
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
class Recipe(Generic[Truth]):
    """All it takes to make the files of one dataset."""

    source: Source[Truth]
    deck: Sequence[Card[Truth]]
    ledger_column: str | None

    def records(self, world: World, count: int) -> Iterator[Record[Truth]]:
        """The first count records. Never holds more than one block."""
        for block in blocks(world.dirt_ppm, count, lambda number: world.dice(self.source.name, "dirt", number)):
            yield from self._block(world, block)

    def _block(self, world: World, block: Block) -> list[Record[Truth]]:
        records = [self._untouched(index) for index in range(block.start, block.stop)]
        if block.dirty is not None:
            card = self.deck[block.number % len(self.deck)]
            self._play(world, card, block, records)
        return records

    def _untouched(self, index: int) -> Record[Truth]:
        truth, kind = self.source.draft(index)
        return self._clean(truth, kind)

    def _clean(self, truth: Truth, kind: str, *, is_spelled_otherwise: bool = False) -> Record[Truth]:
        cells = self.source.cells(truth)
        line = self.source.write_otherwise(cells) if is_spelled_otherwise else self.source.write(cells)
        return Record(line, truth, kind, "clean", (), self._ledger_cents(cells))

    def _play(self, world: World, card: Card[Truth], block: Block, records: list[Record[Truth]]) -> None:
        assert block.dirty is not None  # noqa: S101 - for the type checker
        place = block.dirty - block.start
        dice = world.dice(self.source.name, "card", block.number)
        truth = records[place].truth
        assert truth is not None  # noqa: S101 - nothing else has touched this record
        match card:
            case BadCells() | BadLine():
                line, reasons, cells = spoil(self.source, truth, card)
                records[place] = Record(line, None, card.kind, "quarantined", reasons, self._ledger_cents(cells))
            case Oddity():
                records[place] = self._clean(card.vary(truth, dice), card.kind)
            case Repeat():
                original = records[dice.below(place)]
                assert original.truth is not None  # noqa: S101 - only one record of a block is dirty
                repeat = card.vary(original.truth)
                records[place] = self._clean(repeat, card.kind, is_spelled_otherwise=card.is_spelled_otherwise)
                self._settle(original, records[place])

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
