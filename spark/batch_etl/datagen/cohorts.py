"""Which number and which moment the n-th record of a file with several versions is about.

Records come in cohorts of ten. A cohort introduces some numbers and updates some: mostly its own, and one of an earlier
cohort, so that a version can arrive in a later file than its successor. A record is known from its index alone.
"""

from functools import lru_cache
from typing import NamedTuple

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.world import SECONDS_A_DAY, World

COHORT = 10
# Updates reach back so far that small's numbers change in medium and large, and records stay computable one by one.
_REACH_COHORTS = 64
# Has no factor in common with the seconds of a day: within 86,400 records no second comes twice, so no two records of
# a number, which lie in reach of each other, can have the same moment unless a conflict is planted.
_SECOND_STEP, _FIRST_SECOND = 48_271, 30_391


class Version(NamedTuple):
    """The n-th version record: who it is about, and the moment from which it holds."""

    number: int
    updated_at: int


def known_numbers(records: Numbers, new_in_cohort: int) -> Numbers:
    """How many numbers, counted from 1, the first so many records introduce for certain."""
    return records // COHORT * new_in_cohort


def version_at(world: World, dataset: str, new_in_cohort: int, index: int) -> Version:
    number, day_offset = _cohort(world, dataset, new_in_cohort, index // COHORT)[index % COHORT]
    second = (_FIRST_SECOND + index * _SECOND_STEP) % SECONDS_A_DAY
    return Version(number, (world.first_day + day_offset) * SECONDS_A_DAY + second)


def update_within(world: World, dataset: str, new_in_cohort: int, cohort: int) -> Version:
    """One version of this cohort that begins after the first day."""
    offsets = [offset for _, offset in _cohort(world, dataset, new_in_cohort, cohort)]
    position = next(i for i, offset in enumerate(offsets) if offset >= 0)
    return version_at(world, dataset, new_in_cohort, cohort * COHORT + position)


@lru_cache(maxsize=1_024)
def _cohort(world: World, dataset: str, new_in_cohort: int, cohort: int) -> list[tuple[int, int]]:
    """Number and day offset of each record; a number's first version lies before the first day."""
    dice = world.dice(dataset, "cohort", cohort)
    first = cohort * new_in_cohort + 1
    members = [(number, -dice.between(1, 300)) for number in range(first, first + new_in_cohort)]
    updates = COHORT - new_in_cohort
    members += [(first + dice.below(new_in_cohort), dice.below(world.days)) for _ in range(updates - 1)]
    reach = min(cohort + 1, _REACH_COHORTS) * new_in_cohort
    members.append((first + new_in_cohort - 1 - dice.below(reach), dice.below(world.days)))
    return dice.shuffled(members)
