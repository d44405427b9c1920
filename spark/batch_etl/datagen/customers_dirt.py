"""The dirt of the customer files. The first card is small's, the first five are medium's."""

from batch_etl.datagen.broken_lines import broken_json, double_key, nan_value, python_repr, unknown_field
from batch_etl.datagen.dirt import ABSENT, Card, Repeat, bad_cells
from batch_etl.datagen.rows import Customer

_NOT_A_DATE, _NOT_A_TIMESTAMP, _NOT_TEXT = "not a date", "not a timestamp", "not text"
_NOT_ALLOWED, _NO_PATTERN = "not an allowed value", "does not match the pattern"


def _moved(customer: Customer) -> Customer:
    return customer._replace(city=f"{customer.city} (new)")


def _phone_forgotten(customer: Customer) -> Customer:
    return customer._replace(phone=None, segment="consumer" if customer.segment == "corporate" else "corporate")


def _shouted(customer: Customer) -> Customer:
    return customer._replace(full_name=customer.full_name.upper() + ".")


CUSTOMERS_DECK: tuple[Card[Customer], ...] = (
    bad_cells("bad_email", ("email", "{cell} at work", _NO_PATTERN)),
    broken_json("truncated_document", lambda line: line[: len(line) * 2 // 3]),
    bad_cells("number_for_text", ("phone", 4930231555, _NOT_TEXT)),
    Repeat("conflicting_version", _moved),
    bad_cells("impossible_date", ("registered_on", "2023-02-29", _NOT_A_DATE)),
    Repeat("exact_copy"),
    python_repr(),
    nan_value("phone"),
    double_key("email"),
    unknown_field("unknown_field", None, {"loyalty_tier": "gold"}),
    bad_cells("missing_field", ("email", ABSENT, "missing")),
    bad_cells("null_value", ("full_name", None, "missing")),
    bad_cells("bad_enum", ("segment", "vip", _NOT_ALLOWED)),
    bad_cells("bad_country", ("country_code", "DEU", _NO_PATTERN)),
    bad_cells("bad_phone", ("phone", "(0231) 555-0199", _NO_PATTERN)),
    bad_cells("wrong_date_format", ("registered_on", "14.03.2021", _NOT_A_DATE)),
    bad_cells("too_long", ("full_name", "{cell} " + "Wolfeschlegelstein " * 11, "longer than 200")),
    bad_cells("bad_id", ("customer_id", "{cell}0", _NO_PATTERN)),
    bad_cells(
        "several_faults",
        ("email", "unknown", _NO_PATTERN),
        ("country_code", "??", _NO_PATTERN),
        ("segment", "Consumer", _NOT_ALLOWED),
        ("registered_on", "0000-00-00", _NOT_A_DATE),
    ),
    broken_json("two_documents", lambda line: f"{line}{line}"),
    broken_json("array_for_document", lambda line: f"[{line}]"),
    broken_json("trailing_comma", lambda line: f"{line[:-1]},}}"),
    bad_cells("wrong_date_format", ("updated_at_utc", "2025-03-14T09:26:53.000Z", _NOT_A_TIMESTAMP)),
    bad_cells("out_of_time", ("registered_on", "1899-12-31", "below 2000-01-01")),
    unknown_field("other_case", ("email", "Email"), {}),
    Repeat("copy_spelled_otherwise", is_spelled_otherwise=True),
    bad_cells("number_for_text", ("registered_on", 20210314, _NOT_TEXT)),
    bad_cells("boolean_for_text", ("segment", True, _NOT_TEXT)),
    bad_cells("object_for_text", ("city", {"name": "Lyon", "zip": "69001"}, _NOT_TEXT)),
    Repeat("conflicting_version", _phone_forgotten),
    bad_cells("missing_field", ("customer_id", ABSENT, "missing")),
    bad_cells("bad_country", ("country_code", "pl", _NO_PATTERN)),
    broken_json("no_document", lambda _: "null"),
    bad_cells("impossible_date", ("updated_at_utc", "2025-04-31T08:00:00Z", _NOT_A_TIMESTAMP)),
    bad_cells("out_of_time", ("updated_at_utc", "2100-01-01T00:00:00Z", "above 2099-12-31T23:59:59Z")),
    Repeat("conflicting_version", _shouted),
    bad_cells(
        "several_faults",
        ("customer_id", "c1", _NO_PATTERN),
        ("phone", "00493021", _NO_PATTERN),
        ("updated_at_utc", ABSENT, "missing"),
    ),
)
