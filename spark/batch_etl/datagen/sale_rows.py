"""Many sales at once: a column each, as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from batch_etl.datagen import words
from batch_etl.datagen.customers import customer_id
from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.products import product_id
from batch_etl.datagen.rows import Sale


@dataclass(frozen=True)
class SaleRows:
    """Columns of sales: ids without their letter, and places in words.REGIONS and words.PAYMENT_METHODS."""

    sale: Numbers
    customer: Numbers
    product: Numbers
    quantity: Numbers
    unit_price: Numbers
    discount_rate: Numbers
    sold_at: Numbers
    region: Numbers
    payment_method: Numbers

    def __len__(self) -> int:
        return len(self.sale)

    @classmethod
    def of(cls, sales: Sequence[Sale]) -> "SaleRows":
        rows = [
            (
                *(int(number[1:]) for number in sale[:3]),
                *sale[3:7],
                words.REGIONS.index(sale.region),
                words.PAYMENT_METHODS.index(sale.payment_method),
            )
            for sale in sales
        ]
        return cls(*np.array(rows, dtype=np.int64).reshape(-1, len(Sale._fields)).T)

    def at(self, place: int) -> Sale:
        return Sale(
            sale_id=sale_id(int(self.sale[place])),
            customer_id=customer_id(int(self.customer[place])),
            product_id=product_id(int(self.product[place])),
            quantity=int(self.quantity[place]),
            unit_price=int(self.unit_price[place]),
            discount_rate=int(self.discount_rate[place]),
            sold_at=int(self.sold_at[place]),
            region=words.REGIONS[self.region[place]],
            payment_method=words.PAYMENT_METHODS[self.payment_method[place]],
        )

    def replaced(self, places: Sequence[int], others: "SaleRows") -> "SaleRows":
        """These rows but those at some places, and then the others."""
        kept = np.ones(len(self), dtype=bool)
        kept[places] = False
        pairs = zip(self.columns(), others.columns(), strict=True)
        return SaleRows(*(np.concatenate([mine[kept], theirs]) for mine, theirs in pairs))

    def columns(self) -> list[Numbers]:
        return [getattr(self, field.name) for field in fields(self)]


def sale_id(number: int) -> str:
    return f"S{number:08d}"
