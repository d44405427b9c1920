"""`python -m batch_etl sources`, `contents` and `growth`: what a validation asks before and after a run."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from tests.integration.drawn_release import FIRST, SECOND, publish, stage
from tests.integration.pipeline import Pipeline


@pytest.fixture
def here(warehouse: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse.dsn)
    return warehouse


def etl(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False).output


def test_before_the_first_release_there_is_none(here: Pipeline) -> None:  # noqa: ARG001 - the environment
    assert etl("contents") == "release none yet\n"


def test_each_content_that_was_read_is_one_source(here: Pipeline) -> None:
    assert etl("sources") == "nothing was read yet\n"
    insert = "INSERT INTO audit.source_files (run_key, file_name, dataset, batch_id, state, records) VALUES {}"
    rows = [
        *(("r1", "b.csv", "b1", "landed"), ("r2", "b.csv", "b1", "seen"), ("r2", "a.csv", "b1", "seen")),
        # Its first try was killed when the file had landed.
        *(("r3", "c.csv", "b2", "seen"), ("r4", "c.csv", "b2", "seen")),
    ]
    for run_key, name, batch, state in rows:
        here.query(insert.format(f"('{run_key}', '{name}', 'sales', '{batch}', '{state}', 20)"))

    found = [(row["file_name"], row["records"]) for row in json.loads(etl("sources", "--json"))]
    assert found == [("b.csv", 20), ("c.csv", 20)]
    assert "20  b.csv" in etl("sources")


def test_the_hash_of_a_table_tells_its_rows_and_nothing_else(here: Pipeline) -> None:
    publish(here, "r1", stage(here, "r1", FIRST, batches=("b1",)))
    first = json.loads(etl("contents", "--json"))
    publish(here, "r2", stage(here, "r2", SECOND, batches=("b1", "b2")))
    second = json.loads(etl("contents", "--json"))
    publish(here, "r3", stage(here, "r3", FIRST, batches=("b1", "b2", "b3")))
    third = json.loads(etl("contents", "--json"))

    assert [told["release"] for told in (first, second, third)] == [1, 2, 3]
    assert first["tables"] == third["tables"] != second["tables"]
    assert "marts.category_sales" in etl("contents")


def test_the_plot_of_growth_is_an_svg_whose_text_is_text(tmp_path: Path) -> None:
    points = [{"records": 15_000, "seconds": 20.5}, {"records": 1_200_000, "seconds": 70.0}]
    (tmp_path / "points.json").write_text(json.dumps(points))
    etl("growth", str(tmp_path / "points.json"), str(tmp_path / "plot.svg"))
    plot = (tmp_path / "plot.svg").read_text(encoding="utf-8")
    assert "<svg" in plot
    assert "source records" in plot
