"""The star as the true values give it: which version a sale meets, and what it adds up to. Money in cents."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from batch_etl.datagen.rows import Customer, Product, Sale
from batch_etl.datagen.world import SECONDS_A_DAY

UNKNOWN = "unknown"


@dataclass(slots=True)
class Figures:
    """What one sale or many add up to."""

    orders: int = 0
    units: int = 0
    gross: int = 0
    discount: int = 0
    net: int = 0
    cost: int = 0

    def add(self, other: "Figures") -> None:
        self.orders += other.orders
        self.units += other.units
        self.gross += other.gross
        self.discount += other.discount
        self.net += other.net
        self.cost += other.cost


class _History:
    """The versions of the products, by number."""

    def __init__(self) -> None:
        self._versions: dict[str, list[tuple[int, str, int]]] = defaultdict(list)

    def add(self, product: Product) -> None:
        versions = self._versions[product.product_id]
        versions.append((product.updated_at, product.category, product.cost))
        versions.sort()

    def at(self, product_id: str, moment: int) -> tuple[str, int] | None:
        """Category and cost at a moment; the first version holds since ever. None for an unknown product."""
        versions = self._versions.get(product_id)
        if versions is None:
            return None
        place = bisect_right(versions, moment, key=lambda version: version[0])
        _, category, cost = versions[max(0, place - 1)]
        return category, cost

    def __len__(self) -> int:
        return len(self._versions)


@dataclass
class Star:
    """Dimensions and running totals of the facts. Products and customers must be complete before the first sale."""

    products: _History = field(default_factory=_History)
    product_versions: int = 0
    product_sums: Counter[str] = field(default_factory=Counter)
    customers: set[str] = field(default_factory=set)
    customer_versions: int = 0
    unknown_customers: int = 0
    unknown_products: int = 0
    unit_price: int = 0
    discount_rate: int = 0
    days: dict[int, Figures] = field(default_factory=lambda: defaultdict(Figures))
    buyers: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    categories: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    by_product: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    by_customer: dict[str, Figures] = field(default_factory=lambda: defaultdict(Figures))
    last_day_of: dict[str, int] = field(default_factory=dict)

    def add_customer(self, customer: Customer) -> None:
        self.customers.add(customer.customer_id)
        self.customer_versions += 1

    def add_product(self, product: Product) -> None:
        self.products.add(product)
        self.product_versions += 1
        self.product_sums["list_price_usd"] += product.list_price
        self.product_sums["cost_usd"] += product.cost
        self.product_sums["stock_quantity"] += product.stock_quantity

    def add_sale(self, sale: Sale) -> None:
        day = sale.sold_at // SECONDS_A_DAY
        version = self.products.at(sale.product_id, sale.sold_at)
        category, cost = version or (UNKNOWN, 0)
        figures = _figures(sale, cost)
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
        self.last_day_of[customer] = max(day, self.last_day_of.get(customer, day))

    def calendar(self) -> Iterator[date]:
        """Every day of every year from the first to the last in which something was sold."""
        if not self.days:
            return
        first, last = date.fromordinal(min(self.days)), date.fromordinal(max(self.days))
        for ordinal in range(date(first.year, 1, 1).toordinal(), date(last.year, 12, 31).toordinal() + 1):
            yield date.fromordinal(ordinal)


def _figures(sale: Sale, cost: int) -> Figures:
    gross = sale.quantity * sale.unit_price
    # Half up: the rate counts ten-thousandths, so 5,000 of them are half a cent.
    discount = (gross * sale.discount_rate + 5_000) // 10_000
    return Figures(1, sale.quantity, gross, discount, gross - discount, sale.quantity * cost)
