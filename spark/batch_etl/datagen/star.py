"""The star as the true values give it: which version a sale meets, and what it adds up to. Money in cents."""

from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np

from batch_etl.datagen import words
from batch_etl.datagen.buyers import Buyers
from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.figures import Groups, figures_of
from batch_etl.datagen.histories import CATEGORIES, History, customer_version, product_version
from batch_etl.datagen.rows import Customer, Product
from batch_etl.datagen.sale_rows import SaleRows
from batch_etl.datagen.world import LAST_DAY, MAX_DAYS, SECONDS_A_DAY

# Days and months are counted from here: a day more than sales can be old, for a version reported before the first sale.
FIRST_DAY = LAST_DAY.toordinal() - MAX_DAYS
_MONTH_OF_DAY = np.array(
    [day.year * 12 + day.month for day in map(date.fromordinal, range(FIRST_DAY, LAST_DAY.toordinal() + 2))]
)
MONTH_OF_DAY = _MONTH_OF_DAY - _MONTH_OF_DAY[0]

UNKNOWN_CATEGORY = len(CATEGORIES)
# No product has number 0.
UNKNOWN_PRODUCT = 0


class Star:
    """Dimensions and running totals of the facts. Products and customers must be complete before the first sale."""

    def __init__(self) -> None:
        self.products = History("category", "list_price", "cost", "stock_quantity")
        self.customers = History()
        self.unknown = {"customer_key": 0, "product_key": 0}
        self.unit_price = 0
        self.discount_rate = 0
        self.days, self.categories, self.by_product, self.by_region = Groups(), Groups(), Groups(), Groups()
        self.buyers = Buyers(MONTH_OF_DAY)

    def add_customers(self, customers: Iterable[Customer]) -> None:
        self.customers.add(map(customer_version, customers))

    def add_products(self, products: Iterable[Product]) -> None:
        self.products.add(map(product_version, products))

    def add_sales(self, sales: SaleRows) -> None:
        day = sales.sold_at // SECONDS_A_DAY - FIRST_DAY
        version = self.products.at(sales.product, sales.sold_at)
        figures = figures_of(sales, self.products.figure_at("cost", version, unknown=0))
        self.unknown["product_key"] += int((version < 0).sum())
        self.unknown["customer_key"] += int((self.customers.at(sales.customer, sales.sold_at) < 0).sum())
        self.unit_price += int(sales.unit_price.sum())
        self.discount_rate += int(sales.discount_rate.sum())
        self.days.add(day, figures)
        self.categories.add(self.products.figure_at("category", version, unknown=UNKNOWN_CATEGORY), figures)
        self.by_product.add(np.where(version < 0, UNKNOWN_PRODUCT, sales.product), figures)
        self.by_region.add(MONTH_OF_DAY[day] * len(words.REGIONS) + sales.region, figures)
        self.buyers.add(sales.customer, day, sales.region, figures["net"])

    def calendar(self) -> Iterator[date]:
        """Every day of every year from the first to the last in which something was sold."""
        days = self.days.present()
        if not len(days):
            return
        first, last = (date.fromordinal(FIRST_DAY + int(day)) for day in (days[0], days[-1]))
        for ordinal in range(date(first.year, 1, 1).toordinal(), date(last.year, 12, 31).toordinal() + 1):
            yield date.fromordinal(ordinal)

    def by_month(self) -> tuple[Numbers, Numbers]:
        """Orders and net of each month in which something was sold."""
        days = self.days.present()
        months = MONTH_OF_DAY[days]
        orders, net = (np.zeros(int(months.max(initial=0)) + 1, dtype=np.int64) for _ in range(2))
        np.add.at(orders, months, self.days["orders"][days])
        np.add.at(net, months, self.days["net"][days])
        return orders[orders > 0], net[orders > 0]
