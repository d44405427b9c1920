"""Dice, cohorts and blocks: what makes a record known by its index alone, everywhere the same."""

from collections import Counter

import numpy as np
import pytest

from batch_etl.datagen.cohorts import COHORT, known_numbers, version_at
from batch_etl.datagen.dice import Dice
from batch_etl.datagen.dice_rows import DiceRows
from batch_etl.datagen.dirt import Stretch, blocks, cents, stretches
from batch_etl.datagen.recipes import recipes
from batch_etl.datagen.world import World


def test_the_first_draws_of_a_name_never_change() -> None:
    """Pinned: other numbers here mean that every file of every seed changes."""
    dice = Dice("42/sales/0")
    assert [dice.below(1_000) for _ in range(6)] == [44, 841, 526, 554, 702, 957]


def test_dice_go_on_when_their_first_digest_is_used_up() -> None:
    dice = Dice("long")
    draws = Counter(dice.below(10) for _ in range(10_000))
    assert set(draws) == set(range(10))
    assert max(draws.values()) < 1_150


def test_number_one_is_drawn_about_twice_as_often_as_number_two() -> None:
    rows = np.arange(20_000)
    draws = Counter(DiceRows("zipf", rows).popular_in(rows, np.full(20_000, 1_023)).tolist())
    assert 1.8 < draws[1] / draws[2] < 2.2
    assert 1 <= min(draws) <= max(draws) <= 1_023


def test_many_dice_draw_what_each_would_draw_alone() -> None:
    together, alone = DiceRows("42/sales/", range(50)), [Dice(f"42/sales/{number}") for number in range(50)]
    some = np.arange(0, 50, 3)
    limits = np.arange(1, 51) * 1_000_003

    assert together.below(7).tolist() == [dice.below(7) for dice in alone]
    assert together.below_in(some, 1 << 32).tolist() == [alone[row].below(1 << 32) for row in some]
    assert together.below(limits).tolist() == [dice.below(int(n)) for dice, n in zip(alone, limits, strict=True)]
    drawn = [column.tolist() for column in together.each_below(365, 24, 3_600)]
    assert list(zip(*drawn, strict=True)) == [(d.below(365), d.below(24), d.below(3_600)) for d in alone]


def test_a_shuffle_keeps_every_item() -> None:
    assert sorted(Dice("shuffle").shuffled(range(52))) == list(range(52))


def test_weights_decide_how_often_a_place_is_drawn() -> None:
    dice = Dice("weights")
    draws = Counter(dice.weighted((1, 1, 4)) for _ in range(4_000))
    assert set(draws) == {0, 2}
    assert 2.7 < draws[2] / draws[0] < 3.3


def test_a_record_is_the_same_whatever_was_made_before_it() -> None:
    world = World()
    for recipe in recipes(world).values():
        alone = recipe.source.drafts(4_321, 4_322)
        among_others = recipe.source.drafts(4_300, 4_400)
        assert alone.at(0) == among_others.at(21)
        assert alone.lines()[0] == among_others.lines()[21]


@pytest.mark.parametrize("days", [1, 365])
def test_no_two_versions_of_a_number_begin_in_the_same_second(days: int) -> None:
    world = World(days=days)
    versions = [version_at(world, "products", 6, index) for index in range(20_000)]
    assert len(set(versions)) == len(versions)


def test_the_first_records_introduce_every_number_they_are_said_to_know() -> None:
    world = World()
    for records in (COHORT * 2, COHORT * 10, COHORT * 500):
        numbers = {version_at(world, "customers", 7, index).number for index in range(records)}
        assert numbers == set(range(1, int(known_numbers(np.array(records), 7)) + 1))


def test_some_versions_arrive_after_their_successors() -> None:
    world = World()
    latest: dict[int, int] = {}
    late = 0
    for index in range(100):
        version = version_at(world, "products", 6, index)
        late += version.updated_at < latest.get(version.number, 0)
        latest[version.number] = max(version.updated_at, latest.get(version.number, 0))
    assert late > 10


@pytest.mark.parametrize("dirt_ppm", [1, 30_000, 50_000, 70_001, 200_000])
def test_blocks_cover_every_record_once_and_hold_the_stated_share_of_dirt(dirt_ppm: int) -> None:
    found = [
        block
        for stretch in stretches(dirt_ppm, 10_000, about=1_000)
        for block in blocks(dirt_ppm, stretch, lambda number: Dice(str(number)))
    ]
    assert [index for block in found for index in range(block.start, block.stop)] == list(range(10_000))
    assert abs(sum(block.dirty is not None for block in found) - 10_000 * dirt_ppm / 1_000_000) <= 1


@pytest.mark.parametrize("count", [1, 13, 20, 33])
def test_a_file_that_ends_inside_a_block_has_the_same_dirt_before_its_end(count: int) -> None:
    dice_of = lambda number: Dice(str(number))  # noqa: E731
    whole = {block.dirty for block in blocks(50_000, Stretch(0, 100, 0), dice_of) if block.dirty is not None}
    cut = {block.dirty for block in blocks(50_000, Stretch(0, count, 0), dice_of) if block.dirty is not None}
    assert cut == {dirty for dirty in whole if dirty < count}


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("12.34", 1_234), ("12.3", 1_230), ("12", 1_200), ("-0.05", -5), ("0.00", 0), ("9999999999.99", 10**12 - 1),
        ("1.005", 0), ("1,5", 0), ("", 0), (None, 0), ("٣", 0), ("1e2", 0), ("$1.00", 0), (" 1.00", 0),
        ("10000000000", 0),
    ],
)  # fmt: skip
def test_the_ledger_counts_only_amounts_that_are_whole_cents(amount: str | None, expected: int) -> None:
    assert cents(amount) == expected
