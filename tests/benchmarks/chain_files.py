"""Sales of any number, and as many customers and products as such a shop would have."""

from pathlib import Path

from tests.benchmarks.sales_file import write_sales

_PRODUCT_HEADER = (
    "product_id,product_name,category,list_price_usd,cost_usd,stock_quantity,supplier_name,updated_at_utc\n"
)
_VERSIONS = ("2024-01-01T00:00:00Z", "2025-07-01T00:00:00Z")


def write_sources(folder: Path, rows: int) -> None:
    """Write sales with their customers and products: every tenth of those has a second version, from July on."""
    customers, products = max(10, min(200_000, rows // 5)), max(5, min(20_000, rows // 50))
    write_sales(folder / "sales_1.csv", rows, customers=customers, products=products)
    with (folder / "customers_1.json").open("w", encoding="utf-8") as file:
        for number in range(customers):
            file.writelines(_customer(number, version) for version in range(2 - (number % 10 > 0)))
    with (folder / "products_1.csv").open("w", encoding="utf-8") as file:
        file.write(_PRODUCT_HEADER)
        for number in range(products):
            file.writelines(_product(number, version) for version in range(2 - (number % 10 > 0)))


def _customer(number: int, version: int) -> str:
    return (
        f'{{"customer_id":"C{number:07}","full_name":"Ann {number}","email":"a{number}@example.org","city":"Bonn",'
        f'"country_code":"DE","segment":"{("consumer", "corporate")[version]}","registered_on":"2024-01-01",'
        f'"updated_at_utc":"{_VERSIONS[version]}"}}\n'
    )


def _product(number: int, version: int) -> str:
    category = ("toys", "home", "books")[number % 3]
    price, cost = number % 900 + 10 + version, number % 900 + 1 + version
    return f"P{number:06},Thing {number},{category},{price}.00,{cost}.50,{number % 50},,{_VERSIONS[version]}\n"
