"""A changed contract judges the quarantine again: told before, published as told, and only once."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import EtlError
from batch_etl.quarantine.replay import follow, trigger
from batch_etl.quarantine.selection import Selection
from batch_etl.run import Run, StageResult, run_stage
from batch_etl.stores import warehouse
from stack.waiting import wait_until
from tests.integration.pipeline import AFTER_LOADING, STAGES, Pipeline

MORE_SALES = """\
sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method
S00000010,C0000001,P000001,2,10.00,0,2025-03-05T10:00:00Z,moon,card
S00000011,C0000001,P000001,2,10.00,0,2025-03-05T10:00:00Z,mars,card
"""


@pytest.fixture
def here(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Three sales in quarantine: from the moon, from mars, and one from the moon that breaks other rules too."""
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=AFTER_LOADING)
    (loaded.raw / "sales_2.csv").write_text(MORE_SALES, encoding="utf-8")
    loaded.run("r2")
    return loaded


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a command `airflow` notes what it is asked."""
    asked = tmp_path / "asked"
    program = tmp_path / "bin/airflow"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{asked}.new\nmv {asked}.new {asked}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return asked


def replay(pipeline: Pipeline, asked: Path, *filters: str) -> Any:
    """Type the command, and do in this thread, whose Spark it is, the run that it asks Airflow for."""
    asked.unlink(missing_ok=True)
    with ThreadPoolExecutor() as terminal:
        typed = terminal.submit(told, "replay", "--timeout", "120", *filters)
        assert wait_until(asked.exists, limit_seconds=60, every_seconds=0.05)
        pipeline.run(asked.read_text().splitlines()[4], stages=STAGES[1:])
        return typed.result()


def told(*arguments: str) -> Any:
    return json.loads(CliRunner().invoke(cli.app, ["quarantine", *arguments, "--json"], catch_exceptions=False).output)


def let_the_moon_in(pipeline: Pipeline) -> None:
    contract = pipeline.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("validValues: [north,", "validValues: [moon, north,"), encoding="utf-8")


def test_a_loosened_contract_publishes_what_the_dry_run_said_and_a_second_replay_changes_nothing(
    here: Pipeline, asked: Path
) -> None:
    assert told("replay", "--dry-run")["would_pass"] == 0
    let_the_moon_in(here)
    before = here.contents()

    foretold = told("replay", "--dry-run", "--dataset", "sales", "--reason", "region")
    assert here.contents() == before
    replayed = replay(here, asked, "--dataset", "sales", "--reason", "region")

    assert {name: foretold[name] for name in ("looked_at", "would_pass", "would_change")} == {
        "looked_at": 3,
        "would_pass": 1,
        "would_change": 1,
    }
    assert foretold["reasons_that_stay"] == [
        {"dataset": "sales", "reason": "discount_rate: missing", "records": 1},
        {"dataset": "sales", "reason": "quantity: not an integer", "records": 1},
        {"dataset": "sales", "reason": "region: not an allowed value", "records": 1},
    ]
    assert asked.read_text().splitlines() == [
        *("dags", "trigger", "quarantine_replay", "--run-id", replayed["run_key"]),
        *("--conf", '{"dataset": "sales", "reason": "region"}'),
    ]
    assert {name: replayed[name] for name in ("release", "left", "other_reasons", "came")} == {
        "release": 3,
        "left": 1,
        "other_reasons": 1,
        "came": 0,
    }
    assert {(row["reason"], row["before"], row["after"]) for row in replayed["reasons"]} >= {
        ("region: not an allowed value", 3, 1)
    }
    here.shows(
        "SELECT * FROM core.fct_sale WHERE sale_id >= 'S00000003' AND sale_id <> 'S00000004' ORDER BY sale_id LIMIT 3",
        "sale_id   | region\nS00000005 | west\nS00000006 | west\nS00000010 | moon",
    )
    here.shows(
        "SELECT source_file, record_number, reasons::text FROM quarantine.records WHERE dataset = 'sales' ORDER BY 1",
        """
        source_file | record_number | reasons
        sales_1.csv | 5             | ["quantity: not an integer: x", "discount_rate: missing"]
        sales_2.csv | 2             | ["region: not an allowed value: mars"]
        """.replace('["', '"[\\"')
        .replace('"]', '\\"]"')
        .replace('", "', '\\", \\"'),
    )
    here.shows(
        "SELECT DISTINCT ON (source_file) source_file, source_records, clean_records, quarantined_records, "
        "duplicate_records, source_cents = clean_cents + quarantined_cents + duplicate_cents AS balances "
        "FROM audit.batch_ledger WHERE dataset = 'sales' ORDER BY source_file, judged_at DESC",
        """
        source_file | source_records | clean_records | quarantined_records | duplicate_records | balances
        sales_1.csv | 8              | 5             | 1                   | 2                 | true
        sales_2.csv | 2              | 1             | 1                   | 0                 | true
        """,
    )

    rows = here.row_versions()
    again = replay(here, asked)
    assert (again["release"], again["left"], again["other_reasons"], again["came"]) == (None, 0, 0, 0)
    assert here.row_versions() == rows
    assert told("replay", "--dry-run")["would_pass"] == told("replay", "--dry-run")["would_change"] == 0


def report_of(pipeline: Pipeline, run_key: str) -> tuple[str, Any]:
    """The line of its records, and the whole of it."""
    report = pipeline.home / f"data/processed/reports/{run_key}"
    (records,) = (line for line in report.with_suffix(".txt").read_text().splitlines() if line.startswith("Records"))
    return records, json.loads(report.with_suffix(".json").read_text())


def test_the_report_of_a_replay_tells_what_became_of_the_records_and_why(here: Pipeline) -> None:
    contract = here.home / "config/contracts/sales.odcs.yaml"
    before = contract.read_text(encoding="utf-8")
    let_the_moon_in(here)
    here.run("replay", stages=STAGES[1:])

    records, content = report_of(here, "replay")

    assert records == (
        "Records: 10 in 2 earlier files, judged again = 6 clean + 2 quarantined + 2 duplicates; no file was read"
    )
    (sales,) = content["datasets"]
    assert (sales["dataset"], sales["files"], sales["judged_again_files"]) == ("sales", 0, 2)
    assert (sales["clean_records"], sales["quarantined_records"], sales["duplicate_records"]) == (6, 2, 2)
    assert [(row["file_name"], row["state"], row["clean_records"]) for row in content["files"]] == [
        ("sales_1.csv", "judged again", 5),
        ("sales_2.csv", "judged again", 1),
    ]
    assert {row["reason"]: row["records"] for row in content["reasons"]} == {
        "discount_rate: missing": 1,
        "quantity: not an integer": 1,
        "region: not an allowed value": 1,
    }
    assert {sample["source_file"] for sample in content["samples"]} == {"sales_1.csv", "sales_2.csv"}
    summarised = "SELECT source_records, clean_records, quarantined_records FROM marts.daily_summary WHERE run_key = %s"
    assert here.query(summarised, "replay") == [(10, 6, 2)]

    here.run("again", stages=STAGES[1:])
    assert report_of(here, "again")[0] == "Records: no file was read"
    # What the contract of before made of them stands again.
    contract.write_text(before, encoding="utf-8")
    here.run("back", stages=STAGES[1:])
    assert "10 in 2 earlier files, judged again = 5 clean + 3 quarantined + 2 dup" in report_of(here, "back")[0]


def test_a_run_tells_the_files_that_it_found_apart_from_those_that_it_only_judged_again(here: Pipeline) -> None:
    let_the_moon_in(here)
    (here.raw / "sales_1.csv").unlink()
    here.run("r3")

    assert report_of(here, "r3")[0] == (
        "Records: 8 in 3 files (3 read before) + 8 in 1 earlier file, judged again = "
        "10 clean + 4 quarantined + 2 duplicates; 0 files refused"
    )


def test_a_replay_that_publishes_nothing_names_the_stage_that_stopped_it(pipeline: Pipeline) -> None:
    with pytest.raises(ZeroDivisionError):
        run_stage(Run("r9", "data_cleaning", "all", pipeline.settings), lambda _: StageResult(1 // 0, 0))
    run_stage(Run("r9", "notifications", "all", pipeline.settings), lambda _: StageResult(0, 0))
    ended: list[tuple[str, str]] = []

    with (
        warehouse.connect(pipeline.dsn, application_name="test") as connection,
        pytest.raises(EtlError, match="run r9: published nothing: data_cleaning: ZeroDivisionError"),
    ):
        follow(connection, "r9", limit_seconds=60, tell=lambda *end: ended.append(end))
    assert ended == [("data_cleaning", "failed"), ("notifications", "done")]


def test_a_run_that_does_not_end_is_left_to_itself_after_the_limit(pipeline: Pipeline) -> None:
    with (
        warehouse.connect(pipeline.dsn, application_name="test") as connection,
        pytest.raises(EtlError, match="run r9: not over after 0 s; it goes on, see quarantine_replay in Airflow"),
    ):
        follow(connection, "r9", limit_seconds=0, tell=lambda *_: None)


def test_what_keeps_airflow_from_it_is_told_in_its_own_words(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = asked.parent / "bin/airflow"
    program.write_text("#!/bin/sh\necho 'Traceback …' >&2\necho 'DagNotFound: no such DAG' >&2\nexit 1\n")
    with pytest.raises(EtlError, match="could not trigger quarantine_replay: DagNotFound: no such DAG; python3 val"):
        trigger(Selection(), datetime.now(UTC))

    monkeypatch.setenv("PATH", str(asked.parent))
    with pytest.raises(EtlError, match=r"no such command here; type ./etl quarantine replay"):
        trigger(Selection(), datetime.now(UTC))


@pytest.mark.usefixtures("asked")
def test_nobody_has_to_wait(here: Pipeline) -> None:  # noqa: ARG001 - the environment points there
    assert told("replay", "--no-wait")["run_key"].startswith("quarantine_replay__")
