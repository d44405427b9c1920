"""Records that are made one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

import numpy as np
import pyarrow as pa

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.rows import Source, Truth


@dataclass(frozen=True)
class SingleDrafts(Generic[Truth]):
    """Drafts of a source, one true value after the other."""

    source: Source[Truth]
    truths: list[Truth]
    ledger_cents: list[int]

    def at(self, place: int) -> tuple[Truth, str]:
        return self.truths[place], ""

    def lines(self) -> pa.StringArray:
        return pa.array([f"{self.source.write(self.source.cells(truth))}\n" for truth in self.truths], pa.string())

    def kinds(self) -> pa.StringArray:
        return pa.array([""] * len(self.truths), pa.string())

    def cents(self) -> Numbers:
        return np.array(self.ledger_cents, dtype=np.int64)

    def replaced(self, places: Sequence[int], others: Sequence[Truth]) -> list[Truth]:
        left_out = set(places)
        return [truth for place, truth in enumerate(self.truths) if place not in left_out] + list(others)
