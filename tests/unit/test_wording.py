"""Numbers agree with what stands behind them."""

import pytest

from batch_etl.wording import counted, some_of


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (counted(0, "file"), "0 files"),
        (counted(1, "batch", "has"), "1 batch has"),
        (counted(1_234, "batch", "has"), "1,234 batches have"),
        (counted(2, "reason", "keeps"), "2 reasons keep"),
        (counted(1, "table", "differs", of=3), "1 of 3 tables differs"),
        (counted(2, "table", "differs", of=3), "2 of 3 tables differ"),
        (counted(1, "file", "is", of=1), "1 of 1 file is"),
    ],
)
def test_noun_and_verb_follow_the_number(told: str, sentence: str) -> None:
    assert told == sentence


@pytest.mark.parametrize(
    ("names", "sentence"), [("", ""), ("a", "a"), ("abc", "a, b, c"), ("abcd", "a, b, c and 1 more")]
)
def test_of_many_names_the_first_are_told(names: str, sentence: str) -> None:
    assert some_of(list(names)) == sentence
