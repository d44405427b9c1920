"""Contracts become the objects that every stage works with."""

import shutil
from pathlib import Path

import pytest

import batch_etl.contract
from batch_etl.contract import Dialect
from batch_etl.contracts.reader import read_contract, read_contracts
from tests.unit.gifts import GIFTS, written

PROJECT = Path(__file__).resolve().parents[3]


def test_the_three_contracts_of_the_project_are_read_whole() -> None:
    contracts = read_contracts(PROJECT / "config/contracts")

    told = {
        name: (contract.file_format, contract.key, contract.version_order, contract.ledger_amount, contract.references)
        for name, contract in contracts.items()
    }
    assert told == {
        "customers": ("json", ("customer_id", "updated_at_utc"), ("updated_at_utc",), None, {}),
        "products": ("csv", ("product_id", "updated_at_utc"), ("updated_at_utc",), "list_price_usd", {}),
        "sales": (
            "csv",
            ("sale_id",),
            ("sold_at_utc",),
            "unit_price_usd",
            {"customer_id": ("customers", "customer_id"), "product_id": ("products", "product_id")},
        ),
    }
    assert {name: contract.column_names for name, contract in contracts.items()} == {
        "customers": (
            *("customer_id", "full_name", "email", "phone", "city"),
            *("country_code", "segment", "registered_on", "updated_at_utc"),
        ),
        "products": (
            *("product_id", "product_name", "category", "list_price_usd"),
            *("cost_usd", "stock_quantity", "supplier_name", "updated_at_utc"),
        ),
        "sales": (
            *("sale_id", "customer_id", "product_id", "quantity", "unit_price_usd"),
            *("discount_rate", "sold_at_utc", "region", "payment_method"),
        ),
    }


def test_every_rule_of_a_column_is_read() -> None:
    sales = read_contract(PROJECT / "config/contracts/sales.odcs.yaml")

    assert sales.column("discount_rate").model_dump() == {
        "name": "discount_rate",
        "kind": "decimal",
        "physical_type": "numeric(5,4)",
        "description": "Share of the price that was not charged, 0.25 for a quarter.",
        "is_required": True,
        "is_personal": False,
        "precision": 5,
        "scale": 4,
        "pattern": None,
        "min_length": None,
        "max_length": None,
        "minimum": "0",
        "maximum": "0.9",
        "allowed_values": (),
        "warns_only": False,
        "time_format": None,
        "normalisations": (),
    }
    assert sales.column("sale_id").pattern == r"^S\d{8}$"
    assert sales.column("region").allowed_values == ("north", "south", "east", "west")


def test_personal_columns_are_known() -> None:
    customers = read_contract(PROJECT / "config/contracts/customers.odcs.yaml")

    assert [column.name for column in customers.columns if column.is_personal] == ["full_name", "email", "phone"]
    assert [column.name for column in customers.columns if not column.is_required] == ["phone"]


def test_the_key_stands_in_the_order_of_its_positions(tmp_path: Path) -> None:
    assert read_contract(written(tmp_path, GIFTS)).key == ("gift_id", "giver_id")


def test_a_file_belongs_to_a_dataset_by_its_name(tmp_path: Path) -> None:
    gifts = read_contract(written(tmp_path, GIFTS))

    names = ("gifts_2025.csv", "gift.csv", "gift.csv.gz", "old_gift.csv", ".gift.csv", "presents.csv")
    assert [name for name in names if gifts.matches(name)] == ["gifts_2025.csv", "gift.csv"]


def test_a_file_of_a_dataset_is_named_for_its_format(tmp_path: Path) -> None:
    in_json = GIFTS.replace("format: csv", "format: json")

    assert [read_contract(written(tmp_path, text)).suffix for text in (GIFTS, in_json)] == [".csv", ".json"]


DESCRIBED = ("name: pieces,", "name: pieces, description: How many.,")
STOPPING = ("- {property: ledgerAmount", "- {property: onRefusedFile, value: stop}\n      - {property: ledgerAmount")


def test_the_fingerprint_changes_with_a_rule_and_not_with_the_place_of_the_files(tmp_path: Path) -> None:
    as_it_is = read_contract(written(tmp_path, GIFTS)).fingerprint

    assert read_contract(written(tmp_path, GIFTS)).fingerprint == as_it_is
    assert read_contract(written(tmp_path, GIFTS.replace("raw/gift*", "raw/present*"))).fingerprint == as_it_is
    stopping = read_contract(written(tmp_path, GIFTS.replace(*STOPPING)))
    assert (stopping.on_refused_file, stopping.fingerprint) == ("stop", as_it_is)
    assert read_contract(written(tmp_path, GIFTS.replace(*DESCRIBED))).fingerprint == as_it_is
    assert read_contract(written(tmp_path, GIFTS.replace("12,2", "10,2"))).fingerprint != as_it_is


@pytest.mark.parametrize(
    ("module", "is_judged_again", "is_read_again"),
    [
        ("transforms/values.py", True, False),
        ("stores/judging.py", True, False),
        ("records/csv_records.py", True, True),
        ("stores/survey.py", True, True),
        ("transforms/rollups.py", False, False),
        ("run.py", False, False),
    ],
)
def test_records_are_judged_again_where_the_code_that_judges_them_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, is_judged_again: bool, is_read_again: bool
) -> None:
    contract = read_contract(written(tmp_path, GIFTS))
    as_it_is = (contract.fingerprint, contract.reading_fingerprint)
    package = tmp_path / "batch_etl"
    shutil.copytree(PROJECT / "spark/batch_etl", package)
    (package / module).write_text("# changed\n", encoding="utf-8")

    monkeypatch.setattr(batch_etl.contract, "_PACKAGE", package)

    judged, read = as_it_is
    assert (contract.fingerprint != judged, contract.reading_fingerprint != read) == (is_judged_again, is_read_again)


@pytest.mark.parametrize(
    ("right", "wrong", "is_read_again"),
    [
        ("format: csv", "format: csv, delimiter: ';'", True),
        ("format: csv", "format: csv, encoding: latin-1", True),
        ("format: csv", "format: json", True),
        ("ledgerAmount, value: price_usd", "driftPolicy, value: evolve", True),
        ("name: pieces", "name: items", True),
        # Of a file without header other things are told.
        ("name: pieces", "classification: restricted, name: pieces", True),
        ("format: csv", "format: csv, customProperties: [{property: decimalSeparator, value: ','}]", False),
        ("format: yyyy-MM-dd", "format: dd.MM.yyyy", False),
        ("raw/gift*", "raw/present*", False),
    ],
)
def test_files_are_taken_apart_again_where_another_reading_gives_other_records(
    tmp_path: Path, right: str, wrong: str, is_read_again: bool
) -> None:
    as_it_is = read_contract(written(tmp_path, GIFTS)).reading_fingerprint

    assert right in GIFTS
    assert (
        read_contract(written(tmp_path, GIFTS.replace(right, wrong))).reading_fingerprint != as_it_is
    ) is is_read_again


STORES = PROJECT / "docs/examples/stores.odcs.yaml"


def test_the_example_of_the_documentation_uses_every_feature() -> None:
    stores = read_contract(STORES)

    assert stores.dialect == Dialect(delimiter=";", encoding="iso8859-1", preamble_lines=1, decimal_separator=",")
    assert (stores.drift, stores.key, stores.ledger_amount) == ("evolve", ("store_id",), "monthly_rent_eur")
    assert {column.name: column.normalisations for column in stores.columns if column.normalisations} == {
        "store_id": ("trim", "upper"),
        "store_name": ("nfc", "trim", "collapse_blanks"),
        "format_code": ("lower",),
    }
    assert [column.name for column in stores.columns if not column.is_required] == ["manager_name", "is_owned"]
    assert [column.name for column in stores.columns if column.warns_only] == ["format_code"]
    assert stores.column("format_code").allowed_values == ("city", "mall", "outlet")
    rent = stores.column("monthly_rent_eur")
    assert (rent.precision, rent.scale, rent.minimum, rent.maximum) == (10, 2, "0.01", "250000.5")
    assert {column.name: column.time_format for column in stores.columns if column.time_format} == {
        "opened_on": "dd/MM/yyyy",
        "exported_at_utc": "dd/MM/yyyy HH:mm",
    }


def test_what_a_contract_does_not_say_is_the_strictest() -> None:
    products = read_contract(PROJECT / "config/contracts/products.odcs.yaml")

    assert (products.dialect, products.drift, products.on_refused_file) == (Dialect(), "freeze", "continue")


def test_limits_are_compared_as_numbers_not_as_text(tmp_path: Path) -> None:
    limits = "physicalType: integer, logicalTypeOptions: {minimum: 9, maximum: 10}}"
    gifts = read_contract(written(tmp_path, GIFTS.replace("physicalType: integer}", limits)))

    assert (gifts.column("pieces").minimum, gifts.column("pieces").maximum) == ("9", "10")
