"""A dataset without a line of Python or SQL: a contract alone, for a file that looks all different."""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import psycopg2
import pyarrow.parquet as pq
import pytest

from batch_etl.contracts.reader import read_contract, read_contracts
from batch_etl.recompute import Recompute
from batch_etl.stores import clean_records
from batch_etl.stores.contract_tables import follow_contracts
from batch_etl.stores.lake import Lake
from monitoring.warehouse_checks import check_warehouse
from tests.integration.conftest import CUSTOMERS, STORES
from tests.integration.pipeline import PROJECT, Pipeline
from tests.unit.gifts import GIFTS


def test_a_dataset_needs_a_contract_and_nothing_else(stores: Pipeline) -> None:
    contract = read_contract(stores.home / "config/contracts/stores.odcs.yaml")
    lake = Lake(stores.settings.folder("processed"))
    ((batch_id,),) = stores.query("SELECT batch_id FROM audit.source_files")
    folder = lake.judged("clean", "stores", contract.fingerprint, batch_id)
    clean = pq.read_table(folder).sort_by("store_id").select(contract.column_names).to_pylist()
    evening = datetime(2026, 11, 20, 18, 30, tzinfo=UTC)
    first, second = ([*row.values()] for row in clean)
    assert first == [
        *("ST001", "Café de la Gare", "Zoé Müller", "city", 12),
        *(Decimal("1234.50"), date(2024, 2, 29), True, evening),
    ]
    assert second == [
        *("ST002", "Nord Est", None, "outlet", 4),
        *(Decimal("950.50"), date(1999, 12, 1), None, evening.replace(hour=19, minute=0)),
    ]


def test_its_records_are_a_table(stores: Pipeline) -> None:
    stores.shows(
        "SELECT * FROM core.stores ORDER BY store_id",
        """
        store_id | store_name       | manager_name | format_code | employees | monthly_rent_eur | opened_on  | is_owned
        ST001    | Café de la Gare  | Zoé Müller   | city        | 12        | 1234.50          | 2024-02-29 | true
        ST002    | Nord Est         |              | outlet      | 4         | 950.50           | 1999-12-01 |
        """,
    )
    assert stores.query("SELECT COL_DESCRIPTION('core.stores'::regclass, 1)") == [("Number of the shop.",)]
    stores.shows(
        "SELECT * FROM audit.quality_results WHERE check_name = 'contract_of_stores'",
        "check_name | is_passed\ncontract_of_stores | true",
    )


def test_who_may_only_read_sees_no_person_in_it(stores: Pipeline) -> None:
    stores.shows(
        "SELECT * FROM masked.stores ORDER BY store_id",
        "store_id | manager_name | employees\nST001 | Z*** | 12\nST002 | | 4",
    )
    may_read = "SELECT HAS_TABLE_PRIVILEGE('reader', %s, 'SELECT')"
    assert [stores.query(may_read, f"{schema}.stores") for schema in ("core", "masked")] == [[(False,)], [(True,)]]


def test_a_number_that_becomes_personal_is_shown_no_more(
    stores: Pipeline, tmp_path: Path, clone_database: Callable[..., str]
) -> None:
    again = stores.copy(tmp_path / "home", clone_database(template=stores.database))
    contract = again.home / "config/contracts/stores.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    rent = "physicalType: numeric(10,2)\n"
    contract.write_text(text.replace(rent, f"{rent}        classification: restricted\n"), encoding="utf-8")

    with closing(psycopg2.connect(again.dsn)) as connection:
        assert follow_contracts(connection, read_contracts(again.home / "config/contracts")) == []

    again.shows("SELECT * FROM masked.stores ORDER BY 1", "store_id | monthly_rent_eur\nST001 |\nST002 |")


def test_queries_read_it_and_releases_follow_it(
    stores: Pipeline, tmp_path: Path, clone_database: Callable[..., str]
) -> None:
    again = stores.copy(tmp_path / "home", clone_database(template=stores.database))
    again.query("CREATE TABLE marts.kinds (format_code text PRIMARY KEY, employees bigint)")
    (again.home / "sql/transformations/kinds.sql").write_text(
        "SELECT format_code, SUM(employees) AS employees FROM stores GROUP BY format_code", encoding="utf-8"
    )
    header = STORES.splitlines()[1]
    later = [
        "Café;ST001;;;mall;13;1,00;29/02/2024;;21/11/2026 08:00",
        "Sud;ST005;;;mall;2;1,00;29/02/2024;;21/11/2026 08:00",
    ]
    lines = ["Liste", header, *later, ""]
    (again.raw / "stores_2.csv").write_bytes("\n".join(lines).encode("latin-1"))

    again.run("r2")

    again.shows("SELECT * FROM marts.kinds ORDER BY 1", "format_code | employees\nmall | 15\noutlet | 4")
    again.shows(
        "SELECT * FROM audit.release_changes WHERE release = 2 AND table_name = 'core.stores'",
        "rows_inserted | rows_updated | rows_deleted\n1 | 1 | 0",
    )
    again.shows(
        "SELECT * FROM history.as_of(NULL::core.stores, 1) ORDER BY store_id",
        "store_id | employees\nST001 | 12\nST002 | 4",
    )
    report = json.loads(next((again.home / "data/processed/reports").glob("*r2*.json")).read_text(encoding="utf-8"))
    (kinds,) = (row for row in report["lineage"] if row["mart"] == "marts.kinds")
    assert (kinds["tables"], kinds["datasets"]) == (["core.stores"], {"stores": 2})
    (told,) = (row for row in report["datasets"] if row["dataset"] == "stores")
    assert told["published_rows"] == 3
    assert again.run("r3")["data_loading"].is_nothing_new


def test_what_its_rows_refer_to_is_looked_for(
    stores: Pipeline, tmp_path: Path, clone_database: Callable[..., str]
) -> None:
    again = stores.copy(tmp_path / "home", clone_database(template=stores.database))
    refers = "\n         relationships: [{type: foreignKey, to: %s}],"
    contract = GIFTS.replace("{name: giver_id,", "{name: giver_id," + refers % "stores.store_id")
    contract = contract.replace("{name: gift_id,", "{name: gift_id," + refers % "customers.customer_id")
    (again.home / "config/contracts/gifts.odcs.yaml").write_text(contract, encoding="utf-8")
    gifts = ["ST001,C0000001,1.00,1,", "ST009,C0000001,1.00,1,", "ST005,C0000002,1.00,1,"]
    file = "\n".join(["giver_id,gift_id,price_usd,pieces,given_on", *gifts, ""])
    (again.raw / "gifts_1.csv").write_text(file, encoding="utf-8")
    (again.raw / "customers_1.json").write_text(CUSTOMERS, encoding="utf-8")
    later = ["Liste", STORES.splitlines()[1], "Sud;ST005;;;mall;2;1,00;29/02/2024;;21/11/2026 08:00", ""]
    (again.raw / "stores_2.csv").write_text("\n".join(later), encoding="latin-1")

    again.run("r2")

    with closing(psycopg2.connect(again.dsn)) as connection:
        (now,) = (told for told in check_warehouse(connection, again.settings) if told.name.startswith("references_of"))
    assert (now.name, now.severity, now.message) == (
        *("references_of_gifts", "warn"),
        "of 3 rows: giver_id: not in stores.store_id (1), gift_id: not in customers.customer_id (1)",
    )
    stored, known = now.offenders
    assert stored["keys"] == [{"gift_id": "C0000001", "giver_id": "ST009"}]
    assert known["keys"] == [{"gift_id": "C0000002", "giver_id": "ST005"}]
    published = "SELECT message, offenders FROM audit.quality_results WHERE run_key = 'r2' AND check_name = %s"
    assert again.query(published, now.name) == [(now.message, now.offenders)]
    again.query("DELETE FROM core.gifts WHERE giver_id != 'ST001'")
    with closing(psycopg2.connect(again.dsn)) as connection:
        (now,) = (told for told in check_warehouse(connection, again.settings) if told.name == now.name)
    assert (now.is_passed, now.message) == (True, "all 1 rows refer to what is there")


def test_the_version_that_stands_is_the_same_whether_memory_holds_the_records_or_not(
    stores: Pipeline, tmp_path: Path, clone_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = stores.copy(tmp_path / "home", clone_database(template=stores.database))
    before = again.contents(("core.stores",))
    monkeypatch.setattr(clean_records, "_ROWS_IN_MEMORY", 0)

    again.run("r2", recompute=Recompute(is_full=True))

    assert again.contents(("core.stores",)) == before


def test_the_log_names_columns_that_are_kept_aside_or_lack(
    pipeline: Pipeline,
    spark: object,  # noqa: ARG001 - the stages find it
    caplog: pytest.LogCaptureFixture,
) -> None:
    shutil.copy(PROJECT / "docs/examples/stores.odcs.yaml", pipeline.home / "config/contracts")
    lines = STORES.replace("is_owned", "belongs").encode("latin-1")
    (pipeline.raw / "stores_1.csv").write_bytes(lines)

    with caplog.at_level("INFO"):
        pipeline.run("r1", stages=["data_ingestion"])

    (told,) = (vars(record) for record in caplog.records if record.getMessage() == "ingested stores_1.csv")
    assert (told["kept_aside"], told["lacking"]) == ("remarks, belongs", "is_owned")


def test_its_files_are_accounted_for_like_all_others(stores: Pipeline) -> None:
    stores.shows(
        "SELECT * FROM audit.source_files",
        """
        file_name        | dataset | state  | records | reason
        stores_paris.csv | stores  | landed | 5       |
        """,
    )
    # 1.234,50 and 0,001 are no amounts, so they have no cents.
    stores.shows(
        "SELECT *, source_records || ' = ' || clean_records || ' + ' || quarantined_records || ' + ' "
        "|| duplicate_records AS records, source_cents || ' = ' || clean_cents || ' + ' || quarantined_cents || ' + ' "
        "|| duplicate_cents AS cents FROM audit.batch_ledger",
        """
        dataset | records       | cents
        stores  | 5 = 2 + 2 + 1 | 308500 = 218500 + 0 + 90000
        """,
    )
    stores.shows(
        "SELECT record_number, reasons FROM quarantine.records ORDER BY record_number",
        """
        record_number | reasons
        3             | ["monthly_rent_eur: not a number: 1.234,50", "opened_on: not a date: 31/04/2020", "is_owned: not a boolean: ja"]
        4             | ["store_name: missing", "employees: above 500: 501", "monthly_rent_eur: not a number: 0,001"]
        """,  # noqa: E501 - a table reads better whole
    )


def test_a_rule_that_only_warns_is_told_of(stores: Pipeline) -> None:
    stores.shows(
        "SELECT details->>'warnings' AS warnings FROM audit.stage_runs WHERE stage = 'data_cleaning'",
        """
        warnings
        {"stores: format_code: not an allowed value": 1}
        """,
    )


def test_the_run_is_published_and_tells_of_the_dataset(stores: Pipeline) -> None:
    stores.shows(
        "SELECT outcome, release, source_records FROM marts.daily_summary",
        """
        outcome   | release | source_records
        published | 1       | 5
        """,
    )


def test_the_largest_amounts_that_a_contract_may_have_add_up_to_the_cent(pipeline: Pipeline, spark: object) -> None:  # noqa: ARG001
    contract = GIFTS.replace("numeric(12,2)", "numeric(18,2)")
    (pipeline.home / "config/contracts/gifts.odcs.yaml").write_text(contract, encoding="utf-8")
    gifts = [f"A,{number},9999999999999999.99,1,2026-01-01" for number in range(12)]
    file = "\n".join(["giver_id,gift_id,price_usd,pieces,given_on", *gifts, ""])
    (pipeline.raw / "gifts_1.csv").write_text(file, encoding="utf-8")

    pipeline.run("r1")
    with closing(psycopg2.connect(pipeline.dsn)) as connection:
        found = check_warehouse(connection, pipeline.settings)

    sums = {"tables_add_up": "tables follow from files", "files_add_up": "all 1 files add up"}
    assert {result.name: result.message for result in found if result.name in sums} == sums
    assert pipeline.query("SELECT clean_cents FROM audit.batch_ledger") == [(12 * 999_999_999_999_999_999,)]
    pipeline.query("UPDATE core.gifts SET price_usd = price_usd - 0.01 WHERE gift_id = '1'")
    with closing(psycopg2.connect(pipeline.dsn)) as connection:
        (wrong,) = (told for told in check_warehouse(connection, pipeline.settings) if told.name == "tables_add_up")
    assert wrong.offenders == [
        {
            "dataset": "gifts",
            "clean_records": 12,
            "clean_cents": 11_999_999_999_999_999_988,
            "table_rows": 12,
            "table_cents": 11_999_999_999_999_999_987,
        }
    ]
    json.dumps(wrong.offenders)
