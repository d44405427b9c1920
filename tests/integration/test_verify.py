"""`python -m batch_etl verify` against a real warehouse that holds a little, and against an empty one."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from typer.testing import CliRunner

from batch_etl.cli import app
from batch_etl.cli.verify import likely_cause
from batch_etl.datagen.expected import differences
from batch_etl.errors import ConfigurationError, VerificationFailed
from batch_etl.stores.verification import measure

EXPECTED: dict[str, Any] = {
    "files": {
        "sales_data_tiny.csv": {
            "dataset": "sales",
            "records": 4,
            "clean": 1,
            "quarantined": 2,
            "duplicates": 1,
            "reasons": {"quantity: below 1": 2, "region: missing": 1},
            "source_cents": 400,
            "clean_cents": 100,
            "quarantined_cents": 200,
            "duplicate_cents": 100,
        }
    },
    "tables": {
        "core.dim_product": {"rows": 2, "sums": {"cost_usd": "19.50"}, "is_true": {"is_current": 1}},
        "marts.category_sales": {"rows": 0, "sums": {"net_usd": "0.00"}},
        "quarantine.records": {"rows": 2},
    },
}


@pytest.fixture
def filled(query: Callable[..., list[Any]], warehouse_dsn: str) -> str:
    """A warehouse with what EXPECTED says, and with older judgements and other files that must not count."""
    ledger = "INSERT INTO audit.batch_ledger VALUES ('sales', %s, %s, %s, %s, 1, %s, 1, %s, 100, %s, 100, %s)"
    query(ledger, "b1", "old contract", "sales_data_old.csv", 3, 1, 300, 100, "2026-01-01")
    query(ledger, "b1", "new contract", "sales_data_old.csv", 4, 2, 400, 200, "2026-01-02")
    query(ledger, "b0", "new contract", "sales_data_tiny.csv", 3, 1, 300, 100, "2026-01-01")
    query(ledger, "b2", "new contract", "sales_data_more.csv", 3, 1, 300, 100, "2026-01-03")
    # b1 came under another name first, and the file held b0 before.
    read = (
        "INSERT INTO audit.source_files (run_key, file_name, dataset, batch_id, state, recorded_at) "
        "VALUES (%s, %s, 'sales', %s, %s, %s)"
    )
    query(read, "r1", "sales_data_more.csv", "b2", "landed", "2026-01-01")
    query(read, "r1", "sales_data_tiny.csv", "b0", "landed", "2026-01-01")
    query(read, "r2", "sales_data_tiny.csv", "b1", "seen", "2026-01-02")
    quarantined = "INSERT INTO quarantine.records VALUES ('sales', %s, %s, 'sales_data_tiny.csv', 'raw', %s)"
    query(quarantined, "b1", 1, json.dumps(["quantity: below 1: 0", "region: missing"]))
    query(quarantined, "b1", 3, json.dumps(["quantity: below 1: -5: -6"]))
    query(quarantined, "b0", 1, json.dumps(["quantity: missing"]))
    query(quarantined, "b2", 1, json.dumps(["quantity: missing"]))
    product = (
        "INSERT INTO core.dim_product (product_key, product_id, product_name, category, cost_usd, valid_from_utc, "
        "valid_to_utc, is_current) VALUES (%s, 'P1', 'Kettle', 'home', %s, %s, %s, %s)"
    )
    query(product, 1, "9.25", "1900-01-01", "2025-01-01", False)
    query(product, 2, "10.25", "2025-01-01", "9999-12-31", True)
    return warehouse_dsn


def test_a_warehouse_that_holds_what_is_expected_has_no_differences(filled: str) -> None:
    with closing(psycopg2.connect(filled)) as connection:
        assert differences(EXPECTED, measure(connection, EXPECTED)) == []


def test_a_row_that_is_gone_is_told_in_every_figure_it_was_part_of(
    filled: str, query: Callable[..., list[Any]]
) -> None:
    query("DELETE FROM core.dim_product WHERE is_current")
    with closing(psycopg2.connect(filled)) as connection:
        told = differences(EXPECTED, measure(connection, EXPECTED))
    assert [(finding.figure, finding.found) for finding in told] == [
        ("rows", "1"),
        ("sum of cost_usd", "9.25"),
        ("rows with is_current", "0"),
    ]


@pytest.mark.usefixtures("filled")
def test_the_command_agrees_with_a_warehouse_as_expected(project: Path) -> None:
    told = run_verify(project)
    assert told.exit_code == 0
    assert json.loads(told.stdout) == {"size": "tiny", "agrees": True, "figures": 17, "differences": []}


def test_the_command_fails_on_an_empty_warehouse_and_tells_every_difference(project: Path) -> None:
    told = run_verify(project)
    assert isinstance(told.exception, VerificationFailed)
    assert "differs in 15 of 17 figures" in str(told.exception)
    assert len(json.loads(told.stdout)["differences"]) == 15


@pytest.mark.usefixtures("project")
@pytest.mark.usefixtures("filled")
def test_a_size_within_a_larger_one_has_its_own_files_and_the_tables_of_the_larger(
    project: Path,
) -> None:
    smaller = json.loads(json.dumps(EXPECTED))
    smaller["tables"]["core.dim_product"]["rows"] = 1
    (project / "data/expected").mkdir(parents=True)
    (project / "data/expected/less.totals.json").write_text(json.dumps(smaller), encoding="utf-8")
    larger = json.loads(json.dumps(EXPECTED))
    larger["tables"]["quarantine.records"]["rows"] = 9
    (project / "data/expected/more.totals.json").write_text(json.dumps(larger), encoding="utf-8")

    told = CliRunner().invoke(app, ["verify", "--size", "less", "--within", "more", "--json"])

    assert (told.exit_code, json.loads(told.stdout)["differences"]) == (0, [])


def test_a_size_without_answers_is_a_configuration_error() -> None:
    told = CliRunner().invoke(app, ["verify", "--size", "huge"])
    assert isinstance(told.exception, ConfigurationError)
    assert "huge.totals.json: missing; there are answers to small, medium, large, and" in str(told.exception)


def test_an_answer_that_was_cut_is_named(tmp_path: Path) -> None:
    (tmp_path / "small.totals.json").write_text('{"files": ', encoding="utf-8")

    told = CliRunner().invoke(app, ["verify", "--size", "small", "--expected", str(tmp_path)])

    assert isinstance(told.exception, ConfigurationError)
    assert str(told.exception).startswith(f"{tmp_path}/small.totals.json: not JSON: ")


def answers_of(**records: int) -> dict[str, Any]:
    return {size: {"files": {f"sales_{size}.csv": {"records": count}}} for size, count in records.items()}


@pytest.mark.parametrize(
    ("read", "cause"),
    [
        ([], "was exactly this size ingested, into empty tables?"),
        (["sales_tiny.csv", "sales_small.csv"], "was exactly this size ingested, into empty tables?"),
        (
            ["sales_small.csv", "sales_large.csv", "sales_medium.csv"],
            "the warehouse also holds files of a larger size: medium, large; --within large compares with its tables",
        ),
        (
            ["sales_large.csv", "d.csv", "c.csv", "b.csv", "a.csv"],
            "the warehouse also holds files that no answer is for: a.csv, b.csv, c.csv and 1 more",
        ),
    ],
)
def test_the_likely_cause_is_told_by_the_files_that_were_read(read: list[str], cause: str) -> None:
    answers = answers_of(large=5000, tiny=1, small=20, medium=100)

    assert likely_cause(answers, "small", read) == cause


@pytest.mark.usefixtures("filled")
def test_the_likely_cause_comes_before_the_table_and_after_it(project: Path, query: Callable[..., list[Any]]) -> None:
    query("DELETE FROM core.dim_product WHERE is_current")
    (project / "data/expected").mkdir(parents=True)
    (project / "data/expected/tiny.totals.json").write_text(json.dumps(EXPECTED), encoding="utf-8")

    told = CliRunner().invoke(app, ["verify", "--size", "tiny"])

    cause = "the warehouse also holds files that no answer is for: sales_data_more.csv"
    assert told.stdout.splitlines()[0] == f"the warehouse differs: {cause}"
    assert str(told.exception).endswith(cause)


def run_verify(project: Path) -> Any:
    (project / "data/expected").mkdir(parents=True)
    (project / "data/expected/tiny.totals.json").write_text(json.dumps(EXPECTED), encoding="utf-8")
    return CliRunner().invoke(app, ["verify", "--size", "tiny", "--json"])
