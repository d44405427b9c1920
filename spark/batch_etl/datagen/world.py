"""What all files of one generation share: the seed, the dirt and the days."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from itertools import accumulate

import numpy as np

from batch_etl.datagen.dice import Dice
from batch_etl.datagen.dice_rows import Numbers

# A constant, not the clock: the same seed gives the same bytes next year.
LAST_DAY = date(2025, 12, 31)
# The contract lets sales begin on 2015-01-01.
MAX_DAYS = 4_000
MAX_DIRT_PPM = 200_000
SECONDS_A_DAY = 86_400

_WEEKDAY_WEIGHTS = (9, 8, 8, 9, 12, 15, 11)
_MONTH_WEIGHTS = (8, 7, 8, 9, 9, 10, 9, 8, 9, 10, 13, 16)


@dataclass(frozen=True)
class World:
    """Parameters of a generation. Moments are whole seconds since day 0 of the proleptic calendar, in UTC.

    dirt_ppm  spoilt or peculiar records in a million
    days      length of the time of the sales, which ends on LAST_DAY
    """

    seed: int = 42
    dirt_ppm: int = 50_000
    days: int = 365

    def __post_init__(self) -> None:
        if not 0 <= self.dirt_ppm <= MAX_DIRT_PPM:
            raise ValueError(f"dirt must lie from 0 to {MAX_DIRT_PPM / 1_000_000}, so that enough records stay clean")
        if not 1 <= self.days <= MAX_DAYS:
            raise ValueError(f"days must lie from 1 to {MAX_DAYS}")

    @cached_property
    def first_day(self) -> int:
        """Ordinal of the first day on which something is sold."""
        return LAST_DAY.toordinal() - self.days + 1

    @cached_property
    def day_weights(self) -> tuple[int, ...]:
        """Running totals of how busy each day is: more on Saturdays and before Christmas."""
        days = (date.fromordinal(self.first_day + offset) for offset in range(self.days))
        return tuple(accumulate(_WEEKDAY_WEIGHTS[d.weekday()] * _MONTH_WEIGHTS[d.month - 1] for d in days))

    def dice(self, *name: object) -> Dice:
        return Dice("/".join(map(str, (self.seed, *name))))

    def day_offset(self, moment: int) -> int:
        """Days since the first day; negative before it."""
        return moment // SECONDS_A_DAY - self.first_day


@lru_cache(maxsize=20_000)
def day_text(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def moment_text(moment: int) -> str:
    day, second = divmod(moment, SECONDS_A_DAY)
    return f"{day_text(day)}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}Z"


def money_text(cents: int) -> str:
    """Dollars of an amount that is not negative."""
    return f"{cents // 100}.{cents % 100:02d}"


def scaled_text(amount: int, scale: int) -> str:
    """A whole number of 10 ** -scale as a decimal, exactly."""
    if scale == 0:
        return str(amount)
    whole, part = divmod(abs(amount), 10**scale)
    return f"{'-' if amount < 0 else ''}{whole}.{part:0{scale}d}"


def records_beside(sales: Numbers) -> dict[str, Numbers]:
    """How many records each file holds beside so many sales: alike up to 5,000, then fewer customers and products."""
    return {
        "sales": sales,
        "customers": np.minimum(sales, np.maximum(5_000, sales // 10)),
        "products": np.minimum(sales, np.maximum(5_000, sales // 100)),
    }
