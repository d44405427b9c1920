"""Another contract judges every batch again; the one before comes back with its judgement."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import psycopg2
import pytest

from batch_etl import restore
from batch_etl.errors import LedgerImbalance, LoadFailed
from batch_etl.recompute import Recompute
from batch_etl.stores import lake
from batch_etl.stores.lake import replacing
from monitoring.warehouse_checks import check_warehouse
from tests.integration.conftest import CUSTOMERS, OF_FEBRUARY, SALES
from tests.integration.pipeline import AFTER_LOADING, SPARK_STAGES, STAGES, Pipeline

SUMS = {"files_add_up": True, "tables_add_up": True}


def sums_of(pipeline: Pipeline) -> dict[str, bool]:
    """Whether what is published adds up, by check."""
    with closing(psycopg2.connect(pipeline.dsn)) as connection:
        results = check_warehouse(connection, pipeline.settings)
    return {result.name: result.is_passed for result in results if result.name in SUMS}


def refuse_south(pipeline: Pipeline) -> None:
    contract = pipeline.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("validValues: [north, south,", "validValues: [north,"), encoding="utf-8")


def test_a_contract_that_changes_judges_every_batch_again_and_may_change_back(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    first = loaded.contents()
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    as_it_was = contract.read_text(encoding="utf-8")

    refuse_south(loaded)
    stricter = loaded.run("stricter")

    assert [stage for stage in STAGES if stricter[stage].is_nothing_new] == ["data_ingestion"]
    loaded.shows(
        "SELECT * FROM core.fct_sale ORDER BY sale_id",
        "sale_id | region\nS00000001 | north\nS00000004 | east\nS00000005 | west\nS00000006 | west",
    )
    loaded.shows(
        "SELECT record_number, reasons->>0 AS reason FROM quarantine.records WHERE dataset = 'sales' ORDER BY 1",
        """
        record_number | reason
        3             | region: not an allowed value: south
        4             | region: not an allowed value: south
        5             | quantity: not an integer: x
        """,
    )

    contract.write_text(as_it_was, encoding="utf-8")
    back = loaded.run("back")

    assert [stage for stage in STAGES if back[stage].is_nothing_new] == list(STAGES[:3])
    assert loaded.contents() == first
    loaded.shows(
        "SELECT *, source_records || ' = ' || clean_records || ' + ' || quarantined_records || ' + ' "
        "|| duplicate_records AS records FROM marts.daily_summary ORDER BY release",
        """
        run_key  | outcome   | release | records        | sales
        r1       | published | 1       | 14 = 9 + 3 + 2 | 5
        stricter | published | 2       | 14 = 8 + 5 + 1 | 4
        back     | published | 3       | 14 = 9 + 3 + 2 | 5
        """,
    )


def test_what_newer_code_judges_otherwise_is_published_by_a_full_refresh(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    ledger = "SELECT * FROM audit.batch_ledger WHERE dataset = 'sales'"
    # As if the code of then had let the record pass that breaks the contract.
    loaded.query("UPDATE audit.batch_ledger SET clean_records = 6, quarantined_records = 0 WHERE dataset = 'sales'")

    loaded.run("refresh", recompute=Recompute(is_full=True))

    loaded.shows(ledger, "clean_records | quarantined_records | duplicate_records\n5 | 1 | 2")


def test_a_batch_whose_new_judgement_is_taken_in_by_halves_is_not_judged(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_at_quarantine(folder: Path) -> AbstractContextManager[Path]:
        if "quarantine" in folder.parts:
            raise KeyboardInterrupt
        return replacing(folder)

    monkeypatch.setattr(lake, "replacing", killed_at_quarantine)
    with pytest.raises(KeyboardInterrupt):
        loaded.run("refresh", stages=("data_cleaning",), recompute=Recompute(is_full=True))
    monkeypatch.undo()

    again = loaded.run("r2", stages=("data_cleaning",))["data_cleaning"]

    customers = len(CUSTOMERS.splitlines())
    assert (again.is_nothing_new, again.records_in) == (False, customers)


def test_a_contract_that_changes_between_two_stages_publishes_nothing(loaded: Pipeline) -> None:
    before = loaded.contents()
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    contract.write_text(contract.read_text(encoding="utf-8").replace("maximum: 1000", "maximum: 999"), encoding="utf-8")

    with pytest.raises(LoadFailed, match="sales: the contract, or the code that judges, has changed since sales_1"):
        loaded.run("r2", stages=("data_transformation",))

    loaded.run("r2")
    assert loaded.contents() != before


def test_clean_records_that_are_gone_are_missed(loaded: Pipeline) -> None:
    (file,) = (loaded.home / "data/processed/clean/sales").rglob("*.parquet")
    (loaded.raw / "sales_2.csv").write_text(
        (loaded.raw / "sales_1.csv").read_text(encoding="utf-8") + "\n", encoding="utf-8"
    )
    loaded.run("r2", stages=("data_ingestion", "data_cleaning"))
    file.unlink()

    with pytest.raises(LedgerImbalance, match=r"holds 0 clean records, the ledger counts \d+; delete that folder"):
        loaded.run("r2", stages=("data_transformation",))

    file.parent.rmdir()
    loaded.run("r2", stages=("data_cleaning", "data_transformation"))


def test_what_is_published_is_counted_as_its_own_contract_judged_it(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    refuse_south(loaded)
    loaded.run("dry", stages=(*SPARK_STAGES, "quality_checks", "daily_summary"))

    assert sums_of(loaded) == SUMS
    report = json.loads((loaded.home / "data/processed/reports/dry.json").read_text(encoding="utf-8"))
    ((clean, released, published),) = (
        (row["clean_records"], row["released_clean_records"], row["published_rows"])
        for row in report["datasets"]
        if row["dataset"] == "sales"
    )
    assert (clean, released, published) == (4, 5, 5)
    assert [row["clean_records"] for row in report["batches"] if row["dataset"] == "sales"] == [5]
    loaded.query("DELETE FROM quarantine.records WHERE dataset = 'sales'")
    assert sums_of(loaded) == {**SUMS, "files_add_up": False}


def test_a_release_that_is_put_back_is_counted_as_it_was_judged_then(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    refuse_south(loaded)
    loaded.run("stricter")
    assert sums_of(loaded) == SUMS

    with closing(psycopg2.connect(loaded.dsn)) as connection:
        restore.restore(connection, 1, run_key="back", limits=loaded.settings.config.releases)

    assert sums_of(loaded) == SUMS


def test_of_a_release_that_did_not_write_its_contracts_down_the_last_judgement_counts(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.query("UPDATE audit.release_batches SET contract_id = NULL")

    assert sums_of(loaded) == SUMS


def test_a_share_in_quarantine_is_told_by_the_run_that_judges_the_file(
    january: Pipeline, next_copy: Callable[..., Pipeline]
) -> None:
    pipeline = next_copy(january)
    header = SALES.splitlines()[0]
    contract = pipeline.home / "config/contracts/sales.odcs.yaml"

    (pipeline.raw / "sales_2.csv").write_text(f"{header}\n{OF_FEBRUARY}\n", encoding="utf-8")
    pipeline.run("r2")
    (pipeline.raw / "sales_3.csv").write_text(f"{header}\nbad{OF_FEBRUARY}\n", encoding="utf-8")
    pipeline.run("r3")
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("maximum: 1000}", "maximum: 1}", 1), encoding="utf-8")
    pipeline.run("r4")

    told = "SELECT message FROM audit.quality_results WHERE check_name = 'quarantined_share' ORDER BY run_key"
    one = "1 file has more than 20% of the records in quarantine: "
    assert pipeline.query(told) == [
        (f"{one}customers_1.json (2 of 4)",),
        ("as usual",),
        (f"{one}sales_3.csv (1 of 1)",),
        ("2 files have more than 20% of the records in quarantine: sales_3.csv (1 of 1), sales_1.csv (5 of 8)",),
    ]
