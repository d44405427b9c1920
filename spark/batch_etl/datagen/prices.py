"""List prices of all products in a table, for sales that look up thousands at once."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

import numpy as np

from batch_etl.datagen import words
from batch_etl.datagen.dice_rows import DiceRows, Numbers, places
from batch_etl.datagen.world import World

QUARTERS = 4
_GOODS = tuple(accumulate(words.GOODS_WEIGHTS))
# Mostly rising, sometimes cut.
_STEPS = np.array((100, 100, 103, 105, 108, 95, 85))
_GROWTH = 4_096


class PriceList:
    """Price in cents of a product in each quarter of the time of the sales; grows when a higher number is asked for."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._prices = np.zeros((1, QUARTERS), dtype=np.int64)

    def at(self, numbers: Numbers, quarters: Numbers) -> Numbers:
        self._reach(int(numbers.max(initial=0)))
        prices: Numbers = self._prices[numbers, quarters]
        return prices

    def of(self, number: int) -> Sequence[int]:
        self._reach(number)
        prices: list[int] = self._prices[number].tolist()
        return prices

    def _reach(self, number: int) -> None:
        known = len(self._prices)
        if number >= known:
            more = range(known, (number // _GROWTH + 1) * _GROWTH)
            self._prices = np.vstack([self._prices, _prices(self._world, more)])


@lru_cache(maxsize=4)
def price_list(world: World) -> PriceList:
    return PriceList(world)


def _prices(world: World, numbers: range) -> Numbers:
    """A price a quarter for each number, ending in nine cents."""
    price = _base_prices(world, numbers)
    dice = DiceRows(f"{world.seed}/products/prices/", numbers)
    prices = [price]
    for drawn in dice.each_below(*[len(_STEPS)] * (QUARTERS - 1)):
        price = price * _STEPS[drawn] // 100
        prices.append(price)
    return np.stack(prices, axis=1) // 10 * 10 + 9


def _base_prices(world: World, numbers: range) -> Numbers:
    """Between lowest and highest of the goods, with many cheap and few dear products.

    The same dice as those of the article: what kind of goods it is, three words of its name, two throws for its price.
    """
    dice = DiceRows(f"{world.seed}/products/article/", numbers)
    goods = places(_GOODS, dice.below(_GOODS[-1]))
    dice.below(len(words.BRANDS))
    for choices in ("nouns", "variants"):
        dice.below(np.array([len(getattr(each, choices)) for each in words.GOODS])[goods])
    low, high = (np.array([getattr(each, name) for each in words.GOODS])[goods] for name in ("low_cents", "high_cents"))
    first, second = dice.each_below(1_000, 1_000)
    base: Numbers = low + (high - low) * first * second // 1_000_000
    return base
