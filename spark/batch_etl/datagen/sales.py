"""What the tills report: popular products, returning customers, busy evenings, Christmas."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import pyarrow as pa

from batch_etl.datagen import words
from batch_etl.datagen.cohorts import COHORT
from batch_etl.datagen.customers import known_customers
from batch_etl.datagen.dice import Dice
from batch_etl.datagen.dice_rows import DiceRows, Numbers, places
from batch_etl.datagen.prices import QUARTERS, price_list
from batch_etl.datagen.products import known_products, price_change, product_id, quarter_of
from batch_etl.datagen.rows import Cells, Sale, csv_line, csv_line_all_quoted
from batch_etl.datagen.sale_rows import SaleRows
from batch_etl.datagen.sale_text import RATES, write_sales
from batch_etl.datagen.world import SECONDS_A_DAY, World, moment_text, money_text, records_beside

_QUANTITIES = np.array((1, 2, 3, 4, 5, 6, 10, 12, 24, 60))
_QUANTITY_WEIGHTS = tuple(accumulate((56, 20, 9, 5, 3, 2, 2, 1, 1, 1)))
_RATES = np.array(list(RATES))
_RATE_WEIGHTS = tuple(accumulate((52, 14, 12, 6, 6, 5, 2, 3)))
_PAYMENTS = tuple(accumulate(words.PAYMENT_WEIGHTS))
# Shops open at six; the evening after work is the busiest time; a few buy online at night.
_HOURS = tuple(accumulate((1, 1, 0, 0, 0, 1, 3, 6, 9, 12, 14, 15, 16, 14, 12, 13, 16, 20, 22, 18, 12, 8, 5, 2)))

# Sales refer to what the first records of the other files have introduced; not even small has fewer.
_SMALLEST = 20
# One sale in so many is about somebody or something that only a file five times as big knows.
_EARLY_EVERY, _EARLY_CUSTOMER, _EARLY_PRODUCT, _EARLY_FACTOR = 50, 7, 3, 5

# The first numbers that no file knows, so that some sales stay without customer or product for good.
UNKNOWN_CUSTOMERS, UNKNOWN_PRODUCTS = 9_000_000, 900_000

_KINDS = pa.array(["", "early_customer", "early_product"])


@dataclass(frozen=True)
class SaleDrafts:
    """Sales as they should be, and the place in _KINDS of what is peculiar about each."""

    rows: SaleRows
    kind: Numbers

    def at(self, place: int) -> tuple[Sale, str]:
        return self.rows.at(place), _KINDS[int(self.kind[place])].as_py()

    def lines(self) -> pa.StringArray:
        return write_sales(self.rows)

    def kinds(self) -> pa.StringArray:
        return _KINDS.take(pa.array(self.kind))

    def cents(self) -> Numbers:
        return self.rows.unit_price

    def replaced(self, places: Sequence[int], others: Sequence[Sale]) -> SaleRows:
        return self.rows.replaced(places, SaleRows.of(others))


class Sales:
    """Source of sales_data_*.csv."""

    name = "sales"
    columns: tuple[str, ...] = (
        "sale_id",
        "customer_id",
        "product_id",
        "quantity",
        "unit_price_usd",
        "discount_rate",
        "sold_at_utc",
        "region",
        "payment_method",
    )
    has_header = True

    def __init__(self, world: World) -> None:
        self._world = world

    def drafts(self, start: int, stop: int) -> "SaleDrafts":
        index = np.arange(start, stop)
        dice = DiceRows(f"{self._world.seed}/{self.name}/", range(start, stop))
        customer, product, kind = _parties(index, dice)
        day, second = self._moments(dice)
        (quantity,) = dice.each_below(_QUANTITY_WEIGHTS[-1])
        price = price_list(self._world).at(product, day * QUARTERS // self._world.days)
        rows = SaleRows(
            sale=index,
            customer=customer,
            product=product,
            quantity=_QUANTITIES[places(_QUANTITY_WEIGHTS, quantity)],
            unit_price=_near(price, dice),
            discount_rate=_RATES[places(_RATE_WEIGHTS, dice.below(_RATE_WEIGHTS[-1]))],
            sold_at=(self._world.first_day + day) * SECONDS_A_DAY + second,
            region=_regions(customer, dice),
            payment_method=places(_PAYMENTS, dice.below(_PAYMENTS[-1])),
        )
        return SaleDrafts(rows, kind)

    def cells(self, truth: Sale) -> Cells:
        values = (
            *truth[:3],
            str(truth.quantity),
            money_text(truth.unit_price),
            RATES[truth.discount_rate],
            moment_text(truth.sold_at),
            *truth[7:],
        )
        return dict(zip(self.columns, values, strict=True))

    def write(self, cells: Cells) -> str:
        return csv_line(cells)

    def write_otherwise(self, cells: Cells) -> str:
        return csv_line_all_quoted(cells | {"quantity": "0" + cells["quantity"]})

    def version_order(self, truth: Sale) -> int:
        return truth.sold_at

    def at_price_change(self, sale: Sale, dice: Dice) -> Sale:
        """The sale at the very second in which a new version of its product begins."""
        _, products = _records_seen(np.array([int(sale.sale_id[1:])]))
        change = price_change(self._world, dice.below(int(products[0]) // COHORT))
        price = price_list(self._world).of(change.number)[quarter_of(self._world, change.updated_at)]
        return sale._replace(product_id=product_id(change.number), unit_price=price, sold_at=change.updated_at)

    def _moments(self, dice: DiceRows) -> tuple[Numbers, Numbers]:
        """Days since the first one, and seconds of the day: more before Christmas, on Saturdays and after work."""
        weights = self._world.day_weights
        day, hour = dice.each_below(weights[-1], _HOURS[-1])
        return places(weights, day), places(_HOURS, hour) * 3_600 + dice.below(3_600)


def _parties(index: Numbers, dice: DiceRows) -> tuple[Numbers, Numbers, Numbers]:
    """Customer, product, and the place in _KINDS of what is peculiar about the sale."""
    customer_records, product_records = _records_seen(index)
    customers, products = known_customers(customer_records), known_products(product_records)
    # Some customers come again and again, most come now and then.
    customer = _some_popular(customers, dice, one_in=3)
    product = _some_popular(products, dice, one_in=2)
    kind = np.zeros_like(index)
    for code, party, known, place, highest in (
        (1, customer, customers, _EARLY_CUSTOMER, UNKNOWN_CUSTOMERS - 1),
        (2, product, products, _EARLY_PRODUCT, UNKNOWN_PRODUCTS - 1),
    ):
        early = np.flatnonzero(index % _EARLY_EVERY == place)
        beyond = np.minimum(known[early] * _EARLY_FACTOR, highest) - known[early]
        party[early] = known[early] + 1 + dice.below_in(early, beyond)
        kind[early] = code
    return customer, product, kind


def _some_popular(known: Numbers, dice: DiceRows, *, one_in: int) -> Numbers:
    is_popular = dice.below(one_in) == 0
    number = np.zeros_like(known)
    popular, other = np.flatnonzero(is_popular), np.flatnonzero(~is_popular)
    number[popular] = dice.popular_in(popular, known[popular])
    number[other] = 1 + dice.below_in(other, known[other])
    return number


def _records_seen(index: Numbers) -> tuple[Numbers, Numbers]:
    seen = records_beside(np.maximum(_SMALLEST, index))
    return seen["customers"], seen["products"]


def _near(price: Numbers, dice: DiceRows) -> Numbers:
    """Mostly the list price; sometimes a till is a little behind or ahead of it."""
    off = np.flatnonzero(dice.below(6) == 0)
    near = price.copy()
    near[off] = price[off] * (95 + dice.below_in(off, 11)) // 100
    return near


def _regions(customer: Numbers, dice: DiceRows) -> Numbers:
    """Most people buy where they live."""
    away = np.flatnonzero(dice.below(5) == 0)
    region = customer % len(words.REGIONS)
    region[away] = dice.below_in(away, len(words.REGIONS))
    return region
