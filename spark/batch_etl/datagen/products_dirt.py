"""The dirt of the products files. The first card is small's, the first five are medium's."""

from batch_etl.datagen.broken_lines import (
    long_record,
    quote_inside_cell,
    short_record,
    text_after_quote,
    unclosed_quotes,
    unquoted_comma,
)
from batch_etl.datagen.dirt import Card, Repeat, bad_cells
from batch_etl.datagen.products import Products
from batch_etl.datagen.rows import Product

_COLUMNS = 8
_NOT_A_NUMBER, _NOT_AN_INTEGER, _NOT_A_TIMESTAMP = "not a number", "not an integer", "not a timestamp"
_NOT_ALLOWED, _NO_PATTERN = "not an allowed value", "does not match the pattern"


def _dearer(product: Product) -> Product:
    return product._replace(list_price=product.list_price + 200)


def _cheaper_to_buy(product: Product) -> Product:
    return product._replace(cost=product.cost - 1)


def _supplier_forgotten(product: Product) -> Product:
    return product._replace(supplier_name=None, stock_quantity=product.stock_quantity + 7)


PRODUCTS_DECK: tuple[Card[Product], ...] = (
    Repeat("conflicting_version", _dearer),
    bad_cells("missing_field", ("category", "", "missing")),
    quote_inside_cell("product_name"),
    bad_cells("negative", ("list_price_usd", "-{cell}", "below 0.01")),
    bad_cells("wrong_date_format", ("updated_at_utc", "2025-03-14 09:26:53", _NOT_A_TIMESTAMP)),
    Repeat("exact_copy"),
    bad_cells("bad_enum", ("category", "gardening", _NOT_ALLOWED)),
    bad_cells("decimal_comma", ("list_price_usd", "{whole},{part}", _NOT_A_NUMBER)),
    bad_cells("fraction_for_integer", ("stock_quantity", "12.5", _NOT_AN_INTEGER)),
    unquoted_comma("product_name", _COLUMNS),
    bad_cells("overflow", ("stock_quantity", "2147483648", _NOT_AN_INTEGER)),
    bad_cells("too_big", ("stock_quantity", "10000001", "above 10000000")),
    short_record(7, _COLUMNS),
    unclosed_quotes("product_name", "category"),
    Repeat("conflicting_version", _cheaper_to_buy),
    bad_cells("bad_id", ("product_id", "{cell}/2", _NO_PATTERN)),
    bad_cells("impossible_date", ("updated_at_utc", "2025-13-01T00:00:00Z", _NOT_A_TIMESTAMP)),
    text_after_quote("product_name"),
    bad_cells("too_long", ("product_name", "{cell} " + "very " * 40 + "long", "longer than 200")),
    bad_cells("too_many_decimals", ("cost_usd", "{cell}4", _NOT_A_NUMBER)),
    bad_cells("null_in_words", ("cost_usd", "N/A", _NOT_A_NUMBER)),
    Repeat("copy_spelled_otherwise", is_spelled_otherwise=True),
    bad_cells(
        "several_faults",
        ("product_name", "", "missing"),
        ("category", "Home", _NOT_ALLOWED),
        ("cost_usd", "-0.01", "below 0"),
        ("stock_quantity", "-1", "below 0"),
    ),
    bad_cells("foreign_digits", ("stock_quantity", "١٢", _NOT_AN_INTEGER)),
    bad_cells("zero", ("list_price_usd", "0.00", "below 0.01")),
    long_record("discontinued", _COLUMNS),
    bad_cells("missing_field", ("list_price_usd", "", "missing")),
    bad_cells("too_big", ("list_price_usd", "100000.01", "above 100000")),
    bad_cells("out_of_time", ("updated_at_utc", "1999-12-31T23:59:59Z", "below 2000-01-01T00:00:00Z")),
    bad_cells("currency_sign", ("list_price_usd", "{cell} USD", _NOT_A_NUMBER)),
    bad_cells("too_long", ("supplier_name", "Supplier " * 25, "longer than 200")),
    bad_cells("number_in_words", ("stock_quantity", "plenty", _NOT_AN_INTEGER)),
    Repeat("conflicting_version", _supplier_forgotten),
    bad_cells("nothing_but_commas", *((n, "", "missing") for n in Products.columns if n != "supplier_name")),
    bad_cells("padded", ("category", "{cell} ", _NOT_ALLOWED)),
    bad_cells("missing_field", ("updated_at_utc", "", "missing")),
)
