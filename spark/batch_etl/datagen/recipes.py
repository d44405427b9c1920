"""How the files of each dataset are made: one recipe a dataset."""

from functools import lru_cache
from typing import Any

from batch_etl.datagen.customers import Customers
from batch_etl.datagen.customers_dirt import CUSTOMERS_DECK
from batch_etl.datagen.products import Products
from batch_etl.datagen.products_dirt import PRODUCTS_DECK
from batch_etl.datagen.sales import Sales
from batch_etl.datagen.sales_dirt import sales_deck
from batch_etl.datagen.stream import Recipe
from batch_etl.datagen.world import World


@lru_cache(maxsize=4)
def recipes(world: World) -> dict[str, Recipe[Any]]:
    """By dataset. Sales come last: when their answers are added up, what they refer to must be known."""
    sales = Sales(world)
    return {
        "customers": Recipe(Customers(world), CUSTOMERS_DECK, ledger_column=None),
        "products": Recipe(Products(world), PRODUCTS_DECK, ledger_column="list_price_usd"),
        "sales": Recipe(sales, sales_deck(sales), ledger_column="unit_price_usd"),
    }
