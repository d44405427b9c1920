"""A publish is told before it is done."""

import json

import pytest
from typer.testing import CliRunner

from batch_etl.cli import app
from batch_etl.errors import ReleaseUnavailable
from batch_etl.plan import tell_plan
from tests.integration.pipeline import AFTER_LOADING, SPARK_STAGES, VISIBLE, Pipeline


def test_a_plan_tells_what_the_publish_then_does(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPELINE_HOME", str(loaded.home))
    monkeypatch.setenv("WAREHOUSE_DSN", loaded.dsn)
    before = loaded.contents()

    first = planned()

    assert loaded.contents() == before
    assert (first["run_key"], first["token"], first["state"]) == ("r1", 1, "loaded")
    assert {change["table"] for change in first["changes"]} == set(VISIBLE)
    would = "run r1, attempt 1, loaded: a publish would change\n  core.dim_customer: +3 ~0 -0\n"
    assert tell_plan("r1").startswith(would)
    loaded.run("r1", stages=AFTER_LOADING)
    assert tell_plan("r1").startswith("r1: nothing waits to be published")
    assert counted(first) == released(loaded, 1)

    (loaded.raw / "products_2.csv").write_text(
        (loaded.raw / "products_1.csv").read_text(encoding="utf-8").replace("Plain,toys", "Plainer,home"),
        encoding="utf-8",
    )
    with pytest.raises(ReleaseUnavailable, match="nothing waits to be published"):
        CliRunner().invoke(app, ["plan"], catch_exceptions=False)
    loaded.run("r2", stages=tuple(SPARK_STAGES))
    second = planned()
    loaded.run("r2", stages=AFTER_LOADING)
    assert counted(second) == released(loaded, 2)
    assert counted(second)["core.dim_product"] == (0, 1, 0)


def planned() -> dict:
    told = CliRunner().invoke(app, ["plan", "--json"], catch_exceptions=False)
    return json.loads(told.stdout)


def counted(plan: dict) -> dict[str, tuple[int, int, int]]:
    return {change["table"]: (change["inserted"], change["updated"], change["deleted"]) for change in plan["changes"]}


def released(pipeline: Pipeline, release: int) -> dict[str, tuple[int, int, int]]:
    query = "SELECT table_name, rows_inserted, rows_updated, rows_deleted FROM audit.release_changes WHERE release = %s"
    return {table: tuple(counts) for table, *counts in pipeline.query(query, release)}
