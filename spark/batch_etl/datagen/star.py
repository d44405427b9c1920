"""The star as the true values give it: which version a sale meets, and what it adds up to. Money in cents."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Generic, TypeVar

from batch_etl.datagen.figures import UNKNOWN, Figures
from batch_etl.datagen.rows import Customer, Product, Sale
from batch_etl.datagen.world import SECONDS_A_DAY

Version = TypeVar("Version", Customer, Product)


class _History(Generic[Version]):
    """The versions of customers or products, by number."""

    def __init__(self) -> None:
        self._versions: dict[str, list[Version]] = defaultdict(list)

    def add(self, version: Version) -> None:
        versions = self._versions[version[0]]
        versions.append(version)
        versions.sort(key=_begin)

    def at(self, number: str, moment: int) -> Version | None:
        """The version that holds at a moment; the first one holds since ever. None for an unknown number."""
        versions = self._versions.get(number)
        if versions is None:
            return None
        return versions[max(0, bisect_right(versions, moment, key=_begin) - 1)]

    def current(self) -> Iterator[Version]:
        return (versions[-1] for versions in self._versions.values())

    def standing(self) -> Iterator[Version]:
        """The versions that change something: one that repeats the version before it is none."""
        for versions in self._versions.values():
            yield versions[0]
            for before, version in pairwise(versions):
                if version._replace(updated_at=before.updated_at) != before:
                    yield version

    def __contains__(self, number: str) -> bool:
        return number in self._versions

    def __len__(self) -> int:
        return len(self._versions)


def _begin(version: Customer | Product) -> int:
    return version.updated_at


@dataclass
class Star:
    """Dimensions and running totals of the facts. Products and customers must be complete before the first sale."""

    products: _History[Product] = field(default_factory=_History)
    customers: _History[Customer] = field(default_factory=_History)
    unknown_customers: int = 0
    unknown_products: int = 0
    unit_price: int = 0
    discount_rate: int = 0
    days: dict[int, Figures] = field(default_factory=lambda: defaultdict(Figures))
    buyers: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    categories: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    by_product: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    by_customer: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    first_day_of: dict[str, int] = field(default_factory=dict)
    last_day_of: dict[str, int] = field(default_factory=dict)
    by_region: dict[tuple[int, str], Figures] = field(default_factory=lambda: defaultdict(Figures))
    region_buyers: dict[tuple[int, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    by_buyer: dict[str, dict[int, Figures]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(Figures)))

    def add_customer(self, customer: Customer) -> None:
        self.customers.add(customer)

    def add_product(self, product: Product) -> None:
        self.products.add(product)

    def add_sale(self, sale: Sale) -> None:
        day = sale.sold_at // SECONDS_A_DAY
        version = self.products.at(sale.product_id, sale.sold_at)
        category, cost = (version.category, version.cost) if version else (UNKNOWN, 0)
        figures = _figures(sale, cost)
        month = month_of(day)
        product = sale.product_id if version else UNKNOWN
        customer = sale.customer_id if sale.customer_id in self.customers else UNKNOWN
        self.unknown_products += product is UNKNOWN
        self.unknown_customers += customer is UNKNOWN
        self.unit_price += sale.unit_price
        self.discount_rate += sale.discount_rate
        self.days[day].add(figures)
        # The till's number, not the customer found: two unknown customers are two customers.
        self.buyers[day].add(sale.customer_id)
        self.categories[category].add(figures)
        self.by_product[product].add(figures)
        self.by_customer[customer].add(figures)
        self.first_day_of[customer] = min(day, self.first_day_of.get(customer, day))
        self.last_day_of[customer] = max(day, self.last_day_of.get(customer, day))
        self.by_region[month, sale.region].add(figures)
        self.region_buyers[month, sale.region].add(sale.customer_id)
        self.by_buyer[sale.customer_id][month].add(figures)

    def calendar(self) -> Iterator[date]:
        """Every day of every year from the first to the last in which something was sold."""
        if not self.days:
            return
        first, last = date.fromordinal(min(self.days)), date.fromordinal(max(self.days))
        for ordinal in range(date(first.year, 1, 1).toordinal(), date(last.year, 12, 31).toordinal() + 1):
            yield date.fromordinal(ordinal)


def month_of(day: int) -> int:
    """Months since year 0."""
    of = date.fromordinal(day)
    return of.year * 12 + of.month - 1


def _figures(sale: Sale, cost: int) -> Figures:
    gross = sale.quantity * sale.unit_price
    # Half up: the rate counts ten-thousandths, so 5,000 of them are half a cent.
    discount = (gross * sale.discount_rate + 5_000) // 10_000
    return Figures(1, sale.quantity, gross, discount, gross - discount, sale.quantity * cost)
