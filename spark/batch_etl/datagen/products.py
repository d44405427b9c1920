"""The catalogue: products whose prices, costs and sometimes categories change within the time of the sales."""

from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from batch_etl.datagen import words
from batch_etl.datagen.cohorts import Version, known_numbers, update_within, version_at
from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.drafts import SingleDrafts
from batch_etl.datagen.prices import QUARTERS, price_list
from batch_etl.datagen.rows import Cells, Product, csv_line, csv_line_all_quoted
from batch_etl.datagen.world import World, moment_text, money_text

NEW_IN_COHORT = 6
_GOODS = tuple(accumulate(words.GOODS_WEIGHTS))


class _Article(NamedTuple):
    """What a product is over its whole life, its prices apart."""

    name: str
    category: str
    later_category: str
    supplier: str | None
    cost_pct: int


class Products:
    """Source of products_data_*.csv."""

    name = "products"
    columns: tuple[str, ...] = (
        "product_id",
        "product_name",
        "category",
        "list_price_usd",
        "cost_usd",
        "stock_quantity",
        "supplier_name",
        "updated_at_utc",
    )
    has_header = True

    def __init__(self, world: World) -> None:
        self._world = world

    def drafts(self, start: int, stop: int) -> SingleDrafts[Product]:
        products = [self._draft(index) for index in range(start, stop)]
        return SingleDrafts(self, products, [product.list_price for product in products])

    def cells(self, truth: Product) -> Cells:
        values = (
            *truth[:3],
            money_text(truth.list_price),
            money_text(truth.cost),
            str(truth.stock_quantity),
            truth.supplier_name or "",
            moment_text(truth.updated_at),
        )
        return dict(zip(self.columns, values, strict=True))

    def write(self, cells: Cells) -> str:
        return csv_line(cells)

    def write_otherwise(self, cells: Cells) -> str:
        return csv_line_all_quoted(cells | {"stock_quantity": "0" + cells["stock_quantity"]})

    def version_order(self, truth: Product) -> int:
        return truth.updated_at

    def _draft(self, index: int) -> Product:
        version = version_at(self._world, self.name, NEW_IN_COHORT, index)
        article = _article(self._world, version.number)
        prices = price_list(self._world).of(version.number)
        quarter = quarter_of(self._world, version.updated_at)
        dice = self._world.dice(self.name, index)
        return Product(
            product_id=product_id(version.number),
            product_name=article.name,
            category=article.category if quarter < QUARTERS // 2 else article.later_category,
            list_price=prices[quarter],
            cost=prices[0] * (article.cost_pct + quarter) // 100,
            stock_quantity=dice.below(40) * dice.below(40),
            supplier_name=article.supplier,
            updated_at=version.updated_at,
        )


def product_id(number: int) -> str:
    return f"P{number:06d}"


def known_products(records: Numbers) -> Numbers:
    return known_numbers(records, NEW_IN_COHORT)


def price_change(world: World, cohort: int) -> Version:
    """A product and the moment at which one of its versions begins."""
    return update_within(world, Products.name, NEW_IN_COHORT, cohort)


def quarter_of(world: World, moment: int) -> int:
    return max(0, world.day_offset(moment)) * QUARTERS // world.days


@lru_cache(maxsize=65_536)
def _article(world: World, number: int) -> _Article:
    dice = world.dice(Products.name, "article", number)
    place = dice.weighted(_GOODS)
    goods = words.GOODS[place]
    name = f"{dice.pick(words.BRANDS)} {dice.pick(goods.nouns)}{dice.pick(goods.variants)}"
    # Two throws for the price, which batch_etl.datagen.prices reads.
    dice.below(1_000_000)
    return _Article(
        name=f"{name}\n{dice.pick(words.SECOND_LINES)}" if dice.one_in(25) else name,
        category=goods.category,
        later_category=dice.pick(words.GOODS).category if dice.one_in(12) else goods.category,
        supplier=None if dice.one_in(10) else dice.pick(words.SUPPLIERS),
        cost_pct=dice.between(45, 70),
    )
