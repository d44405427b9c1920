"""The commands about the quarantine, on what a run published."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import ConfigurationError
from tests.integration.pipeline import AFTER_LOADING, Pipeline


@pytest.fixture
def here(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The loaded pipeline published, as the environment of a command describes it."""
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=AFTER_LOADING)
    return loaded


def quarantine(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, ["quarantine", *arguments], catch_exceptions=False).output


def told(*arguments: str) -> Any:
    return json.loads(quarantine(*arguments, "--json"))


def numbers(*filters: str) -> list[tuple[str, int]]:
    return [(record["dataset"], record["record_number"]) for record in told("show", *filters)]


def test_list_counts_datasets_files_and_reasons(here: Pipeline) -> None:  # noqa: ARG001
    listed = told("list")

    assert listed["records"] == 3
    reasons = {(row["dataset"], row["file"], row["reason"]): row["records"] for row in listed["reasons"]}
    assert reasons["sales", "sales_1.csv", "region: not an allowed value"] == 1
    assert reasons["customers", "customers_1.json", "email: missing"] == 1
    assert all(row["first_seen_at"] <= row["last_seen_at"] for row in listed["reasons"])
    assert quarantine("list", "--dataset", "sales").splitlines()[-1] == "1 record"


def test_a_record_is_as_old_as_the_knowledge_of_its_file(here: Pipeline) -> None:
    here.query("UPDATE audit.source_files SET recorded_at = '2025-03-01 12:00+00' WHERE file_name = 'sales_1.csv'")
    here.run("r2")

    seen = {
        (row["first_seen_at"], row["last_seen_at"] > "2026") for row in told("list", "--dataset", "sales")["reasons"]
    }
    assert seen == {("2025-03-01 12:00:00+00:00", True)}
    assert numbers("--since", "2025-03-01T12:00:01") == [("customers", 3), ("customers", 4)]
    assert numbers("--since", "2025-03-01") == [("customers", 3), ("customers", 4), ("sales", 5)]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--dataset", "sales"], [("sales", 5)]),
        (["--file", "customer*_?.json"], [("customers", 3), ("customers", 4)]),
        (["--file", "sales%"], []),
        (["--reason", "NUL char"], [("customers", 3)]),
        (["--reason", "QUANTITY: not an integer", "--dataset", "sales"], [("sales", 5)]),
        (["--reason", "moon", "--file", "customers*"], []),
        (["--limit", "1"], [("customers", 3)]),
    ],
)
def test_filters_choose_records_that_pass_all_of_them(
    here: Pipeline,  # noqa: ARG001
    filters: list[str],
    found: list[tuple[str, int]],
) -> None:
    assert numbers(*filters) == found


def test_show_tells_every_reason_and_masks_what_is_personal_unless_asked(here: Pipeline) -> None:
    here.query(
        "UPDATE quarantine.records SET raw = %s WHERE record_number = 4 AND dataset = 'customers'",
        '{"customer_id":3,"full_name":"Ann Jones"}',
    )

    masked = quarantine("show")

    assert "sales_1.csv  record 5" in masked
    assert "quantity: not an integer: x" in masked
    assert "S00000003,C0000001,P000001,x,10.00,,2025-02-05T10:00:00Z,moon,card" in masked
    assert '{"customer_id": 3, "full_name": "***"}' in masked
    assert masked.endswith("3 of 3 records\n")
    assert "Ann Jones" not in masked
    assert "Ann Jones" in quarantine("show", "--reveal")
    assert "Ann Jones" not in quarantine("show", "--json")


def test_a_dataset_that_does_not_exist_is_refused_with_those_that_do(here: Pipeline) -> None:  # noqa: ARG001
    with pytest.raises(ConfigurationError, match="--dataset: 'sale' is unknown; use one of customers, products, sales"):
        quarantine("list", "--dataset", "sale")


def test_nothing_in_quarantine_is_nothing_to_list_show_or_export(here: Pipeline) -> None:
    here.query("DELETE FROM quarantine.records")

    assert told("list") == {"records": 0, "reasons": []}
    assert quarantine("show") == "0 of 0 records\n"
    assert quarantine("export") == "no such record is in quarantine\n"


def test_records_of_a_dataset_without_a_contract_are_told_when_they_are_not_exported(here: Pipeline) -> None:
    (here.home / "config/contracts/sales.odcs.yaml").unlink()

    exported = CliRunner().invoke(cli.app, ["quarantine", "export", "--json"], catch_exceptions=False)

    assert [export["dataset"] for export in json.loads(exported.stdout)] == ["customers"]
    assert exported.stderr == "sales: 1 record stays, as no contract describes sales; see ./etl quarantine show\n"
    assert quarantine("export", "--reason", "discount_rate: missing") == exported.stderr


def test_an_exported_record_that_is_mended_and_put_into_raw_is_clean(here: Pipeline) -> None:
    exports = {export["dataset"]: export for export in told("export")}

    assert {name: (e["mendable_records"], e["other_records"]) for name, e in exports.items()} == {
        "sales": (1, 0),
        "customers": (2, 0),
    }
    mended = Path(exports["sales"]["mendable"])
    assert mended.parent == here.home / "data/processed/exports"
    with Path(exports["sales"]["reasons"]).open(encoding="utf-8-sig", newline="") as sidecar:
        (row,) = csv.DictReader(sidecar)
    assert row["reasons"].split("\n") == [
        "quantity: not an integer: x",
        "discount_rate: missing",
        "region: not an allowed value: moon",
    ]
    text = mended.read_bytes().replace(b",x,10.00,,", b",4,10.00,0.5,").replace(b"moon", b"north")
    (here.raw / mended.name).write_bytes(text)
    here.run("mended")

    here.shows(
        "SELECT * FROM core.fct_sale WHERE sale_id = 'S00000003'",
        "sale_id   | quantity | net_usd | region\nS00000003 | 4        | 20.00   | north",
    )
    # The file of before is evidence: its record stays where it is.
    assert numbers("--dataset", "sales") == [("sales", 5)]
