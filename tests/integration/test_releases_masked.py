"""What the commands about releases print holds no personal value, unless somebody asks for it."""

import csv
import json
import re
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from batch_etl import cli
from monitoring.warehouse_checks import check_warehouse
from tests.integration.pipeline import AFTER_LOADING, Pipeline

# Ann moves and takes another address; the second record breaks its contract.
MORE_CUSTOMERS = """\
{"customer_id":"C0000001","full_name":"Ann Smith","email":"smith@example.org","phone":"+491512345","city":"Ulm",\
"country_code":"DE","segment":"corporate","registered_on":"2024-01-01","updated_at_utc":"2025-02-01T00:00:01Z"}
{"customer_id":"C0000002","full_name":"Bob Brown","email":"bob(at)example.org","city":"Bonn"}
"""
PERSONAL = ("Ann", "Jones", "Smith", "Bob", "Brown", "example.org", "+491512345")


@pytest.fixture(autouse=True)
def here(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Two releases, as the environment of a command describes them."""
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=AFTER_LOADING)
    (loaded.raw / "customers_2.json").write_text(MORE_CUSTOMERS, encoding="utf-8")
    loaded.run("r2")
    return loaded


def releases(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, ["releases", *arguments], catch_exceptions=False)


def differences(*options: str) -> dict[str, list[dict[str, Any]]]:
    told = json.loads(releases("diff", "1", "2", "--json", *options).stdout)
    return {entry["table"]: entry["rows"] for entry in told}


def test_the_difference_of_two_releases_names_nobody_unless_asked() -> None:
    masked = releases("diff", "1", "2").output

    assert [word for word in PERSONAL if word in masked] == []
    assert "email: ***" in masked
    assert "city: Ulm" in masked
    assert '"full_name": "***"' in masked
    assert "email: does not match the pattern: ***" in masked
    revealed = releases("diff", "1", "2", "--reveal").output
    assert all(word in revealed for word in ("Ann Smith", "smith@example.org", "Bob Brown", "bob(at)example.org"))


def test_as_json_the_columns_that_changed_are_named_as_masked_values_look_the_same() -> None:
    telling = differences()
    (changed,) = (row for row in telling["core.dim_customer"] if row["change"] == "update")

    assert "valid_to_utc" in changed["changed"]
    assert (changed["before"]["full_name"], changed["after"]["full_name"]) == ("***", "***")
    assert changed["before"]["city"] == "Bonn"
    assert {row["after"]["raw"] for row in telling["quarantine.records"]} == {
        '{"customer_id": "C0000002", "full_name": "***", "email": "***", "city": "Bonn"}'
    }
    assert [word for word in PERSONAL if word in json.dumps(telling)] == []
    assert "Bob Brown" in json.dumps(differences("--reveal"))


@pytest.mark.parametrize("form", ["csv", "json"])
@pytest.mark.parametrize("table", ["core.dim_customer", "quarantine.records"])
def test_a_table_of_a_release_is_exact_only_when_asked(table: str, form: str) -> None:
    masked = releases("read", table, "--format", form)
    revealed = releases("read", table, "--format", form, "--reveal")

    assert [word for word in PERSONAL if word in masked.stdout] == []
    assert masked.stderr == f"{table}: personal columns are ***; --reveal gives them as they are\n"
    assert [word for word in ("smith@example.org", "Bob Brown") if word in revealed.stdout] != []
    assert revealed.stderr == ""


def test_a_column_that_has_left_its_contract_stays_hidden(here: Pipeline) -> None:
    contract = here.home / "config/contracts/customers.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(re.sub(r" +- name: email\n(?: {8}.*\n)+", "", text), encoding="utf-8")
    check = "-- Severity: warn\nSELECT * FROM dim_customer\n"
    (here.home / "sql/checks/mine.sql").write_text(check, encoding="utf-8")

    told = releases("read", "core.dim_customer").stdout + releases("diff", "1", "2").output
    with closing(psycopg2.connect(here.dsn)) as connection:
        told += str(check_warehouse(connection, here.settings))

    assert [word for word in PERSONAL if word in told] == []


def test_what_is_not_personal_is_read_as_it_is() -> None:
    rows = list(csv.DictReader(releases("read", "core.dim_customer", "--release", "2").stdout.splitlines()))
    ann = next(row for row in rows if row["city"] == "Ulm")
    assert {name: ann[name] for name in ("customer_id", "full_name", "email", "phone", "segment")} == {
        **{"customer_id": "C0000001", "full_name": "***", "email": "***", "phone": "***", "segment": "corporate"},
    }
    assert next(row for row in rows if row["city"] == "Zoë")["phone"] == ""

    records = json.loads(releases("read", "quarantine.records", "--format", "json").stdout)
    by_dataset = {(record["dataset"], record["record_number"]): record for record in records}
    assert by_dataset["sales", 5]["raw"].startswith("S00000003,C0000001")
    assert by_dataset["sales", 5]["reasons"][0] == "quantity: not an integer: x"
    assert by_dataset["customers", 2]["raw"] == "***"
    assert "email: does not match the pattern" in by_dataset["customers", 2]["reasons"]
