"""Keys that several parts of a file hold are found range after range, so that memory does not grow with the file."""

import numpy as np
import pytest

from batch_etl.stores import judging


@pytest.mark.parametrize("at_once", [1, 2, 7, 1000])
def test_numbers_of_several_parts_are_found_however_few_are_looked_at_at_once(
    monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(judging, "_HASHES_AT_ONCE", at_once)
    parts = [[0, 2**63, 2**64 - 1], [5, 2**63, 2**63 + 1], [], [0, 5, 6]]

    shared = judging.shared_hashes([np.array(numbers, np.uint64) for numbers in parts])

    assert shared.tolist() == [0, 5, 2**63]
