"""What the tills report: popular products, returning customers, busy evenings, Christmas."""

from itertools import accumulate

from batch_etl.datagen import words
from batch_etl.datagen.cohorts import COHORT
from batch_etl.datagen.customers import customer_id, known_customers
from batch_etl.datagen.dice import Dice
from batch_etl.datagen.products import known_products, list_price, price_change, product_id
from batch_etl.datagen.rows import Cells, Sale, csv_line, csv_line_all_quoted
from batch_etl.datagen.world import World, moment_text, money_text, records_beside, scaled_text

_QUANTITIES = (1, 2, 3, 4, 5, 6, 10, 12, 24, 60)
_QUANTITY_WEIGHTS = tuple(accumulate((56, 20, 9, 5, 3, 2, 2, 1, 1, 1)))
# In ten-thousandths. An eighth and a third leave half cents and less to round.
_RATES = (0, 500, 1_000, 1_250, 1_500, 2_500, 3_333, 5_000)
_RATE_WEIGHTS = tuple(accumulate((52, 14, 12, 6, 6, 5, 2, 3)))
_RATE_TEXTS = {0: "0", 500: "0.05", 1_000: "0.10", 1_250: "0.125", 1_500: "0.15", 2_500: "0.25", 5_000: "0.5"}
_PAYMENTS = tuple(accumulate(words.PAYMENT_WEIGHTS))

# Sales refer to what the first records of the other files have introduced; not even small has fewer.
_SMALLEST = 20
# One sale in so many is about somebody or something that only a file five times as big knows.
_EARLY_EVERY, _EARLY_CUSTOMER, _EARLY_PRODUCT, _EARLY_FACTOR = 50, 7, 3, 5


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

    def draft(self, index: int) -> tuple[Sale, str]:
        dice = self._world.dice(self.name, index)
        customer, product, kind = self._parties(index, dice)
        moment = self._world.shopping_moment(dice)
        sale = Sale(
            sale_id=f"S{index:08d}",
            customer_id=customer_id(customer),
            product_id=product_id(product),
            quantity=_QUANTITIES[dice.weighted(_QUANTITY_WEIGHTS)],
            unit_price=_near(list_price(self._world, product, moment), dice),
            discount_rate=_RATES[dice.weighted(_RATE_WEIGHTS)],
            sold_at=moment,
            # Most people buy where they live.
            region=dice.pick(words.REGIONS) if dice.one_in(5) else words.REGIONS[customer % len(words.REGIONS)],
            payment_method=words.PAYMENT_METHODS[dice.weighted(_PAYMENTS)],
        )
        return sale, kind

    def cells(self, truth: Sale) -> Cells:
        rate = _RATE_TEXTS.get(truth.discount_rate) or scaled_text(truth.discount_rate, 4)
        values = (
            *truth[:3],
            str(truth.quantity),
            money_text(truth.unit_price),
            rate,
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
        cohorts = _records_seen(int(sale.sale_id[1:]))["products"] // COHORT
        change = price_change(self._world, dice.below(cohorts))
        price = list_price(self._world, change.number, change.updated_at)
        return sale._replace(product_id=product_id(change.number), unit_price=price, sold_at=change.updated_at)

    def _parties(self, index: int, dice: Dice) -> tuple[int, int, str]:
        seen = _records_seen(index)
        customers, products = known_customers(seen["customers"]), known_products(seen["products"])
        # Some customers come again and again, most come now and then.
        customer = dice.popular(customers) if dice.one_in(3) else dice.between(1, customers)
        product = dice.popular(products) if dice.one_in(2) else dice.between(1, products)
        if index % _EARLY_EVERY == _EARLY_CUSTOMER:
            return dice.between(customers + 1, customers * _EARLY_FACTOR), product, "early_customer"
        if index % _EARLY_EVERY == _EARLY_PRODUCT:
            return customer, dice.between(products + 1, products * _EARLY_FACTOR), "early_product"
        return customer, product, ""


def _records_seen(index: int) -> dict[str, int]:
    return records_beside(max(_SMALLEST, index))


def _near(price: int, dice: Dice) -> int:
    """Mostly the list price; sometimes a till is a little behind or ahead of it."""
    return price if not dice.one_in(6) else price * dice.between(95, 105) // 100
