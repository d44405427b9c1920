"""A dataset with a table of its own gets another key, a column more, or no contract any more."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from typer.testing import CliRunner

from batch_etl.cli import app
from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import ConfigurationError, LoadFailed
from batch_etl.stores import warehouse
from batch_etl.stores.contract_tables import follow_contracts
from monitoring.warehouse_checks import check_warehouse
from tests.integration.conftest import STORES
from tests.integration.pipeline import PROJECT, Pipeline
from tests.unit.gifts import GIFTS

CONTRACT = "config/contracts/stores.odcs.yaml"


@pytest.fixture
def again(stores: Pipeline, tmp_path: Path, clone_database: Callable[..., str]) -> Pipeline:
    """The stores, published, to go on with."""
    return stores.copy(tmp_path / "home", clone_database(template=stores.database))


def failed_checks(pipeline: Pipeline) -> list[str]:
    with warehouse.connect(pipeline.dsn, application_name="test") as connection:
        return [result.name for result in check_warehouse(connection, pipeline.settings) if not result.is_passed]


def test_a_key_that_its_table_does_not_have_is_refused(again: Pipeline) -> None:
    contract = again.home / CONTRACT
    opened = "name: opened_on\n"
    text = contract.read_text(encoding="utf-8")
    second = f"{opened}        primaryKey: true\n        primaryKeyPosition: 2\n"
    contract.write_text(text.replace(opened, second), encoding="utf-8")

    with pytest.raises(LoadFailed, match=r"core\.stores has the key store_id, its contract store_id, opened_on;"):
        again.run("r2")


def test_a_column_of_another_type_than_its_table_has_is_refused(again: Pipeline) -> None:
    contract = again.home / CONTRACT
    text, numbers = contract.read_text(encoding="utf-8"), "integer\n        physicalType: smallint\n"
    limits = "        logicalTypeOptions: {minimum: 0, maximum: 500}\n"
    # Arrow would make 7 of 007, and text of a number, without a word.
    as_text = text.replace(limits, "").replace(numbers, "string\n        physicalType: text\n")
    contract.write_text(as_text, encoding="utf-8")
    told = r"core\.stores\.employees is smallint, its contract text; in core\.stores and history\.stores give"

    with pytest.raises(LoadFailed, match=told):
        again.run("r2")
    with pytest.raises(LoadFailed, match=told):
        failed_checks(again)

    again.query("DROP VIEW masked.stores")
    again.query("ALTER TABLE core.stores ALTER COLUMN employees TYPE text")
    with pytest.raises(LoadFailed, match=r"history\.stores\.employees is smallint, its contract text;"):
        again.run("r2")
    again.query("ALTER TABLE history.stores ALTER COLUMN employees TYPE text")
    header = STORES.splitlines()[1]
    lines = ["Liste", header, "Sud;ST005;;;mall;007;1,00;29/02/2024;;21/11/2026 08:00", ""]
    (again.raw / "stores_2.csv").write_text("\n".join(lines), encoding="latin-1")
    again.run("r3")
    assert again.query("SELECT employees FROM core.stores WHERE store_id = 'ST005'") == [("007",)]
    contract.write_text(text, encoding="utf-8")
    with pytest.raises(LoadFailed, match=r"core\.stores\.employees is text, its contract smallint;"):
        failed_checks(again)
    again.query("ALTER TABLE core.stores ALTER COLUMN employees TYPE integer USING employees::integer")
    # As numbers they are what the contract of today lets pass, and a wider column holds them.
    assert failed_checks(again) == []


def test_without_its_contract_its_table_stays_and_others_are_published(again: Pipeline, tmp_path: Path) -> None:
    contract = again.home / CONTRACT
    contract.rename(tmp_path / "kept.yaml")
    shutil.copy(PROJECT / "data/raw/customer_data_small.json", again.raw)
    before = again.contents(("core.stores",))

    again.run("r2")

    assert again.query("SELECT state FROM audit.runs WHERE run_key = 'r2'") == [("published",)]
    assert again.contents(("core.stores",)) == before
    assert again.query("SELECT COUNT(*) FROM quarantine.records WHERE dataset = 'stores'") == [(0,)]
    assert failed_checks(again) == []
    (tmp_path / "kept.yaml").rename(contract)
    again.run("r3")
    assert again.contents(("core.stores",)) == before
    assert again.query("SELECT COUNT(*) FROM quarantine.records WHERE dataset = 'stores'") == [(2,)]


def test_a_column_that_older_files_lack_is_told_with_them(again: Pipeline) -> None:
    contract = again.home / CONTRACT
    text = contract.read_text(encoding="utf-8").replace("value: evolve", "value: freeze")
    opened, kind = "      - name: opened_on\n", "logicalType: integer\n        physicalType: integer\n"
    added = f"      - name: floors\n        description: How many.\n        {kind}"
    contract.write_text(text.replace(opened, f"{added}{opened}"), encoding="utf-8")
    with closing(psycopg2.connect(again.dsn)) as connection:
        assert follow_contracts(connection, read_contracts(contract.parent)) == ["core.stores.floors"]

    # Also where a file that has the column came under the same name.
    header = STORES.splitlines()[1].replace("remarks", "floors")
    lines = ["Liste", header, "Sud;ST005;3;;mall;2;1,00;29/02/2024;;21/11/2026 08:00", ""]
    (again.raw / "stores_paris.csv").write_bytes("\n".join(lines).encode("latin-1"))

    with pytest.raises(ConfigurationError, match=r"release 1 holds stores_paris\.csv, which this run could not read"):
        again.run("r2")

    again.shows(
        "SELECT *, SUBSTRING(reason FROM '[^;]*') AS why FROM audit.source_files WHERE run_key = 'r2' ORDER BY 5",
        """
        file_name        | state   | why
        stores_paris.csv | landed  |
        stores_paris.csv | refused | stores_paris.csv: header: missing floors
        """,
    )
    again.run("r2", stages=["daily_summary"])
    report = (again.home / "data/processed/reports/r2.txt").read_text(encoding="utf-8")
    assert "1 file refused\n" in report
    assert "stores_paris.csv: header: missing floors" in report


def test_the_same_bytes_of_a_dataset_that_is_gone_are_nobody_elses(again: Pipeline) -> None:
    contract = again.home / CONTRACT
    text = contract.read_text(encoding="utf-8").replace("name: stores\n", "name: shops\n")
    (contract.parent / "shops.odcs.yaml").write_text(text.replace("raw/stores", "raw/shops"), encoding="utf-8")
    (again.raw / "stores_paris.csv").rename(again.raw / "shops_paris.csv")
    contract.unlink()

    again.run("r2")

    assert again.query("SELECT state FROM audit.runs WHERE run_key = 'r2'") == [("published",)]
    ((shops,), (stores_before,)) = (again.contents((f"core.{name}",)).values() for name in ("shops", "stores"))
    assert shops == stores_before
    assert failed_checks(again) == []


def test_columns_that_are_called_like_ours_are_told_apart(
    pipeline: Pipeline,
    spark: object,  # noqa: ARG001 - the stages find the session that runs
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    contract = GIFTS.replace("name: pieces", "name: kept").replace("name: giver_id", "name: fresh")
    (pipeline.home / "config/contracts/gifts.odcs.yaml").write_text(contract, encoding="utf-8")
    for day, kept in enumerate((1, 2), start=1):
        file = f"fresh,gift_id,price_usd,kept,given_on\nA,1,2.50,{kept},2026-01-0{day}\n"
        (pipeline.raw / f"gifts_{day}.csv").write_text(file, encoding="utf-8")
        pipeline.run(f"r{day}")
    pipeline.describe_in(monkeypatch)

    told = CliRunner().invoke(app, ["releases", "diff", "1", "2", "--table", "core.gifts"], catch_exceptions=False)

    assert told.output.splitlines() == [
        "core.gifts: +0 ~1 -0",
        "  ~ fresh: A, gift_id: 1: kept: 1 -> 2, given_on: 2026-01-01 -> 2026-01-02",
    ]
