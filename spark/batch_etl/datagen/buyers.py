"""Who bought, when and where: what takes the sales of a customer together, or counts customers."""

from functools import cached_property

import numpy as np

from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.figures import grown

_DAY_BITS, _REGION_BITS = 13, 2
_COUNT_OF_SET_BITS = np.array([bits.bit_count() for bits in range(1 << (1 << _REGION_BITS))])


class Buyers:
    """A customer is the till's number here: two unknown customers are two. Complete when first read.

    Holds eight bytes a sale: all that grows with their number. What is said of each customer is in the order of
    `numbers`; days and months are counted as in star.
    """

    def __init__(self, month_of_day: Numbers) -> None:
        self._month_of_day = month_of_day
        self._parts: list[Numbers] = [np.zeros(0, dtype=np.int64)]
        self._net = np.zeros(0, dtype=np.int64)

    def add(self, customer: Numbers, day: Numbers, region: Numbers, net: Numbers) -> None:
        self._parts.append((customer << _DAY_BITS | day) << _REGION_BITS | region)
        self._net = grown(self._net, int(customer.max(initial=0)) + 1)
        np.add.at(self._net, customer, net)

    @cached_property
    def _sales(self) -> Numbers:
        """By customer, day and region."""
        sales = np.concatenate(self._parts)
        self._parts = []
        sales.sort()
        return sales

    @cached_property
    def _days(self) -> Numbers:
        return (self._sales >> _REGION_BITS) & ((1 << _DAY_BITS) - 1)

    @cached_property
    def _begins(self) -> Numbers:
        """Where the sales of each customer begin."""
        return _begins(self._sales >> (_DAY_BITS + _REGION_BITS))

    @cached_property
    def _visits(self) -> Numbers:
        """Where the sales of each customer in each month begin."""
        customers = self._sales >> (_DAY_BITS + _REGION_BITS)
        return _begins(customers * len(self._month_of_day) + self._month_of_day[self._days])

    @cached_property
    def numbers(self) -> Numbers:
        return self._sales[self._begins] >> (_DAY_BITS + _REGION_BITS)

    def orders(self) -> Numbers:
        """Of each customer."""
        return np.diff(np.append(self._begins, len(self._sales)))

    def net(self) -> Numbers:
        """Of each customer."""
        net: Numbers = self._net[self.numbers]
        return net

    def first_days(self) -> Numbers:
        """Of each customer."""
        return self._days[self._begins]

    def last_days(self) -> Numbers:
        """Of each customer."""
        last: Numbers = self._days[np.append(self._begins, len(self._sales))[1:] - 1]
        return last

    def cohorts(self) -> Numbers:
        """The month in which each customer bought first."""
        cohorts: Numbers = self._month_of_day[self.first_days()]
        return cohorts

    def visits(self) -> tuple[Numbers, Numbers]:
        """Cohort and months since, for each customer and month in which the customer bought."""
        months = self._month_of_day[self._days[self._visits]]
        months_active = np.diff(np.append(np.searchsorted(self._visits, self._begins), len(self._visits)))
        cohorts = np.repeat(self.cohorts(), months_active)
        return cohorts, months - cohorts

    def count_daily(self) -> int:
        """Customers of each day, added up over the days."""
        return len(_begins(self._sales >> _REGION_BITS))

    def count_monthly(self) -> int:
        return len(self._visits)

    def count_by_month_and_region(self) -> int:
        if not len(self._sales):
            return 0
        region_bits = 1 << (self._sales & ((1 << _REGION_BITS) - 1))
        return int(_COUNT_OF_SET_BITS[np.bitwise_or.reduceat(region_bits, self._visits)].sum())


def _begins(sorted_values: Numbers) -> Numbers:
    """The places at which a new value begins."""
    return np.flatnonzero(np.append(True, sorted_values[1:] != sorted_values[:-1])[: len(sorted_values)])
