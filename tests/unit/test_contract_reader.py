"""Contracts become the objects that every stage works with, or are refused with file, place and fix."""

from pathlib import Path

import pytest

from batch_etl.contract_reader import read_contract, read_contracts
from batch_etl.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[2]

GIFTS = """
apiVersion: v3.1.0
kind: DataContract
id: gifts
version: 1.0.0
status: active
servers:
  - {server: raw, type: local, path: data/raw/gift*.csv, format: csv}
schema:
  - name: gifts
    customProperties:
      - {property: versionOrder, value: [given_on]}
      - {property: ledgerAmount, value: price_usd}
    properties:
      - {name: giver_id, logicalType: string, physicalType: text, required: true, primaryKey: true,
         primaryKeyPosition: 2}
      - {name: gift_id, logicalType: string, physicalType: text, required: true, primaryKey: true,
         primaryKeyPosition: 1}
      - {name: price_usd, logicalType: number, physicalType: "numeric(12,2)"}
      - {name: pieces, logicalType: integer, physicalType: integer}
      - {name: given_on, logicalType: date, physicalType: date, logicalTypeOptions: {format: yyyy-MM-dd}}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "gifts.odcs.yaml"
    file.write_text(text, encoding="utf-8")
    return file


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


def test_the_fingerprint_changes_with_a_rule_and_not_with_the_place_of_the_files(tmp_path: Path) -> None:
    as_it_is = read_contract(written(tmp_path, GIFTS)).fingerprint

    assert read_contract(written(tmp_path, GIFTS)).fingerprint == as_it_is
    assert read_contract(written(tmp_path, GIFTS.replace("raw/gift*", "raw/present*"))).fingerprint == as_it_is
    assert read_contract(written(tmp_path, GIFTS.replace("12,2", "10,2"))).fingerprint != as_it_is


# What stands in the contract | what stands there instead | what is said about it.
BROKEN = r"""
kind: DataContract | kind: {                                | not YAML:
id: gifts          | ids: gifts                             | ids: Extra inputs are not permitted
schema:            | schema: 3                              | not YAML:
name: gifts        | name: presents                         | schema[0].name: 'presents' differs from the file's name
server: raw        | server: old                            | servers: needs one with server: raw and a path such as
data/raw/gift*.csv | null                                   | servers: needs one with server: raw and a path such as
format: csv        | format: xml                            | servers.raw.format: 'xml' is not supported; use csv or
format: csv        | format: csv, encoding: cp1252          | servers.raw.encoding: 'cp1252' is not supported; use utf-8
format: csv        | format: csv, delimiter: ';;'           | servers.raw.delimiter: ';;' must be one character
format: csv        | format: csv, delimiter: '"'            | servers.raw.delimiter: '"' must be one character, no quote
name: pieces       | name: ''                               | properties[3]: needs a name and a physicalType
Type: integer}     | Type: ''}                              | properties[3]: needs a name and a physicalType
name: pieces       | name: gift_id                          | properties[3].name: 'gift_id' is there twice
Type: integer,     | Type: money,                           | properties[3].logicalType: 'money' is not supported; use
Type: integer}     | Type: int8}                            | properties[3].physicalType: 'int8' is not supported; use
numeric(12,2)      | numeric                                | properties[2].physicalType: 'numeric' must say its digits
numeric(12,2)      | numeric(2,12)                          | properties[2].physicalType: 'numeric(2,12)' must say its
format: yyyy-MM-dd | format: dd.MM.yyyy                     | properties[4].logicalTypeOptions.format: must be yyyy-MM
format: yyyy-MM-dd | minLength: 10                          | properties[4].logicalTypeOptions.format: must be yyyy-MM
Type: integer}     | Type: integer, logicalTypeOptions: {pattern: '('}}    | logicalTypeOptions.pattern: '(': missing )
Type: integer}     | Type: integer, logicalTypeOptions: {maxLenght: 4}}    | maxLenght: not supported
Type: integer}     | Type: integer, logicalTypeOptions: {maxLength: four}} | maxLength: 'four' is not a whole number
Type: integer}     | Type: integer, logicalTypeOptions: {minimum: few}}    | minimum: 'few' is not an integer
Type: integer}     | Type: integer, logicalTypeOptions: {maximum: 2147483648}} | maximum: '2147483648' is not an integer
Type: integer}     | Type: integer, logicalTypeOptions: {maximum: 1.5}}    | maximum: '1.5' is not an integer
(12,2)"}           | (12,2)", logicalTypeOptions: {maximum: 0.005}}        | maximum: '0.005' is not a numeric(12,2)
format: yyyy-MM-dd | format: yyyy-MM-dd, minimum: soon      | logicalTypeOptions.minimum: 'soon' is not a date
format: yyyy-MM-dd | format: yyyy-MM-dd, minimum: 2025-02-30 | not YAML: day is out of range for month
Type: text,        | Type: text, logicalTypeOptions: {minimum: a},        | minimum: not supported for text
Type: integer}     | Type: integer, quality: [{metric: nullValues}]}      | quality[0]: only invalidValues with
primaryKey: true   | unique: true                           | at least one required property must have primaryKey: true
required: true     | required: false                        | at least one required property must have primaryKey: true
[given_on]         | [given_at]                             | versionOrder: 'given_at' is not a property of this table
[given_on]         | given_on                               | versionOrder: must be a list of properties
value: price_usd   | value: pieces                          | ledgerAmount: 'pieces' is not a number with two decimals
value: price_usd   | value: [price_usd]                     | ledgerAmount: ['price_usd'] is not a number with two
Type: integer}     | Type: integer, relationships: [{to: givers}]}        | relationships: to: must read <dataset>.
"""


@pytest.mark.parametrize("case", BROKEN.strip().splitlines())
def test_a_broken_contract_is_refused_with_file_place_and_fix(tmp_path: Path, case: str) -> None:
    right, wrong, complaint = (part.strip() for part in case.split("|"))
    assert right in GIFTS
    file = written(tmp_path, GIFTS.replace(right, wrong))

    with pytest.raises(ConfigurationError) as refusal:
        read_contract(file)

    assert str(refusal.value).startswith(f"{file}: ")
    assert complaint in str(refusal.value)


@pytest.mark.parametrize("text", ["", "- schema", "schema"])
def test_a_file_that_holds_no_document_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="the document: Input should be a valid dictionary"):
        read_contract(written(tmp_path, text))


def test_a_reference_to_what_no_contract_has_is_refused(tmp_path: Path) -> None:
    wrong = "physicalType: text, relationships: [{type: foreignKey, to: givers.giver_id}]"
    written(tmp_path, GIFTS.replace("physicalType: text", wrong, 1))

    with pytest.raises(ConfigurationError, match=r"gifts: giver_id refers to givers\.giver_id, which no contract has"):
        read_contracts(tmp_path)


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no contract here; add a <dataset>\.odcs\.yaml"):
        read_contracts(tmp_path)
