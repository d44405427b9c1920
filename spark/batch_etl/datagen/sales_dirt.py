"""The dirt of the sales files. The first card is small's, the first five are medium's."""

from batch_etl.datagen.broken_lines import (
    long_record,
    quote_inside_cell,
    short_record,
    text_after_quote,
    unclosed_quotes,
)
from batch_etl.datagen.customers import customer_id
from batch_etl.datagen.dice import Dice
from batch_etl.datagen.dirt import Card, Oddity, Repeat, bad_cells
from batch_etl.datagen.products import product_id
from batch_etl.datagen.rows import Sale
from batch_etl.datagen.sales import UNKNOWN_CUSTOMERS, UNKNOWN_PRODUCTS, Sales
from batch_etl.datagen.world import SECONDS_A_DAY

_COLUMNS = 9
_NOT_A_NUMBER, _NOT_AN_INTEGER, _NOT_A_TIMESTAMP = "not a number", "not an integer", "not a timestamp"
_NOT_ALLOWED, _NO_PATTERN = "not an allowed value", "does not match the pattern"


def _unknown_customer(sale: Sale, dice: Dice) -> Sale:
    return sale._replace(customer_id=customer_id(UNKNOWN_CUSTOMERS + dice.below(1_000_000)))


def _unknown_product(sale: Sale, dice: Dice) -> Sale:
    return sale._replace(product_id=product_id(UNKNOWN_PRODUCTS + dice.below(100_000)))


def _in_the_last_second(sale: Sale, _: Dice) -> Sale:
    return sale._replace(sold_at=sale.sold_at // SECONDS_A_DAY * SECONDS_A_DAY + SECONDS_A_DAY - 1)


def _reported_again_later(sale: Sale) -> Sale:
    return sale._replace(quantity=sale.quantity + 1, sold_at=sale.sold_at + 3_600)


def _reported_before(sale: Sale) -> Sale:
    return sale._replace(quantity=sale.quantity + 2, sold_at=sale.sold_at - 60)


def _same_time_other_price(sale: Sale) -> Sale:
    return sale._replace(unit_price=sale.unit_price + 100)


def sales_deck(sales: Sales) -> tuple[Card[Sale], ...]:
    return (
        bad_cells(
            "several_faults",
            ("quantity", "0", "below 1"),
            ("unit_price_usd", "", "missing"),
            ("region", "North", _NOT_ALLOWED),
        ),
        Repeat("exact_copy"),
        text_after_quote("sale_id"),
        Oddity("unknown_customer", _unknown_customer),
        bad_cells("number_in_words", ("quantity", "two", _NOT_AN_INTEGER)),
        Repeat("conflicting_version", _reported_again_later),
        short_record(8, _COLUMNS),
        long_record("gift", _COLUMNS),
        bad_cells("missing_field", ("customer_id", "", "missing")),
        bad_cells("decimal_comma", ("unit_price_usd", "{whole},{part}", _NOT_A_NUMBER)),
        Oddity("unknown_product", _unknown_product),
        bad_cells("fraction_for_integer", ("quantity", "2.5", _NOT_AN_INTEGER)),
        bad_cells("too_many_decimals", ("unit_price_usd", "{cell}5", _NOT_A_NUMBER)),
        bad_cells("foreign_digits", ("quantity", "٣", _NOT_AN_INTEGER)),
        bad_cells("negative", ("quantity", "-{cell}", "below 1")),
        Oddity("at_price_change", sales.at_price_change),
        bad_cells("zero", ("unit_price_usd", "0.00", "below 0.01")),
        bad_cells("too_big", ("quantity", "1001", "above 1000")),
        bad_cells("bad_enum", ("payment_method", "cheque", _NOT_ALLOWED)),
        bad_cells("impossible_date", ("sold_at_utc", "2025-02-30T10:15:00Z", _NOT_A_TIMESTAMP)),
        bad_cells("wrong_date_format", ("sold_at_utc", "03/02/2025 10:15", _NOT_A_TIMESTAMP)),
        bad_cells("bad_id", ("sale_id", "X{cell}", _NO_PATTERN)),
        Repeat("conflicting_version", _reported_before),
        quote_inside_cell("region"),
        unclosed_quotes("product_id", "region"),
        Repeat("copy_spelled_otherwise", is_spelled_otherwise=True),
        bad_cells("missing_field", ("discount_rate", "", "missing")),
        bad_cells("too_big", ("unit_price_usd", "100000.01", "above 100000")),
        bad_cells("too_big", ("discount_rate", "0.95", "above 0.9")),
        bad_cells("negative", ("unit_price_usd", "-{cell}", "below 0.01")),
        bad_cells("bad_enum", ("region", "north-east", _NOT_ALLOWED)),
        bad_cells("padded", ("region", " {cell}", _NOT_ALLOWED)),
        Oddity("last_second_of_a_day", _in_the_last_second),
        bad_cells("local_time", ("sold_at_utc", "2025-03-30T02:30:00+02:00", _NOT_A_TIMESTAMP)),
        bad_cells("impossible_date", ("sold_at_utc", "2025-06-15T24:00:00Z", _NOT_A_TIMESTAMP)),
        bad_cells("out_of_time", ("sold_at_utc", "2014-12-31T23:59:59Z", "below 2015-01-01T00:00:00Z")),
        bad_cells("out_of_time", ("sold_at_utc", "2205-07-01T12:00:00Z", "above 2099-12-31T23:59:59Z")),
        bad_cells("overflow", ("quantity", "2147483648", _NOT_AN_INTEGER)),
        bad_cells("exponent", ("unit_price_usd", "1e2", _NOT_A_NUMBER)),
        bad_cells("percent", ("discount_rate", "10%", _NOT_A_NUMBER)),
        bad_cells("thousands_separator", ("unit_price_usd", "1,250.00", _NOT_A_NUMBER)),
        bad_cells("currency_sign", ("unit_price_usd", "${cell}", _NOT_A_NUMBER)),
        Repeat("conflicting_version", _same_time_other_price),
        bad_cells("null_in_words", ("discount_rate", "NULL", _NOT_A_NUMBER)),
        bad_cells("bad_id", ("product_id", "{cell}-A", _NO_PATTERN)),
        bad_cells("bad_id", ("customer_id", "customer 7", _NO_PATTERN)),
        bad_cells("nothing_but_commas", *((name, "", "missing") for name in Sales.columns)),
        bad_cells(
            "several_faults",
            ("customer_id", "", "missing"),
            ("quantity", "+1", _NOT_AN_INTEGER),
            ("sold_at_utc", "yesterday", _NOT_A_TIMESTAMP),
        ),
    )
