"""The customers and products that the sales of sales_file.py speak of."""

import json
from pathlib import Path

CUSTOMERS, PRODUCTS = 200_000, 20_000
_SEGMENTS = ("consumer", "corporate", "small_business")
_CATEGORIES = ("electronics", "home", "garden", "toys", "sports", "books", "grocery", "clothing")
_UPDATED = "2024-01-01T00:00:00Z"
_PRODUCT_HEADER = (
    "product_id,product_name,category,list_price_usd,cost_usd,stock_quantity,supplier_name,updated_at_utc\n"
)


def write_master_data(folder: Path) -> None:
    """One version of each, in a file a dataset."""
    with (folder / "customers_1.json").open("w", encoding="utf-8") as out:
        out.writelines(f"{json.dumps(_customer(number))}\n" for number in range(CUSTOMERS))
    with (folder / "products_1.csv").open("w", encoding="utf-8") as out:
        out.write(_PRODUCT_HEADER)
        out.writelines(_product(number) for number in range(PRODUCTS))


def _customer(number: int) -> dict[str, str]:
    return {
        "customer_id": f"C{number:07}",
        "full_name": f"Customer {number}",
        "email": f"customer{number}@example.org",
        "phone": f"+49{number:09}",
        "city": "Bonn",
        "country_code": ("DE", "FR", "IT")[number % 3],
        "segment": _SEGMENTS[number % len(_SEGMENTS)],
        "registered_on": "2023-01-01",
        "updated_at_utc": _UPDATED,
    }


def _product(number: int) -> str:
    category = _CATEGORIES[number % len(_CATEGORIES)]
    return f"P{number:06},Product {number},{category},{number % 900 + 10}.00,{number % 900 + 5}.00,7,Maker,{_UPDATED}\n"
