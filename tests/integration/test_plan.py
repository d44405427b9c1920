"""A publish is told before it is done."""

import json

import pytest
from typer.testing import CliRunner

from batch_etl.cli import app
from batch_etl.errors import ReleaseUnavailable, Superseded
from batch_etl.plan import tell_plan
from tests.integration.pipeline import AFTER_LOADING, SPARK_STAGES, VISIBLE, Pipeline


def test_a_plan_tells_what_the_publish_then_does(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.describe_in(monkeypatch)
    before = loaded.contents()

    first = planned()

    assert loaded.contents() == before
    assert (first["run_key"], first["token"], first["state"]) == ("r1", 1, "loaded")
    assert {change["table"] for change in first["changes"]} == set(VISIBLE)
    would = "run r1, attempt 1, loaded: a publish would change\n  core.dim_customer: +3 ~0 -0\n"
    assert tell_plan("r1").startswith(would)
    loaded.run("r1", stages=AFTER_LOADING)
    assert tell_plan("r1").startswith("run r1 is published: nothing waits to be published")
    assert counted(first) == released(loaded, 1)

    (loaded.raw / "products_2.csv").write_text(
        (loaded.raw / "products_1.csv").read_text(encoding="utf-8").replace("Plain,toys", "Plainer,home"),
        encoding="utf-8",
    )
    with pytest.raises(ReleaseUnavailable, match="run r1 is published: nothing waits to be published"):
        CliRunner().invoke(app, ["plan"], catch_exceptions=False)
    loaded.run("r2", stages=tuple(SPARK_STAGES))
    second = planned()
    loaded.run("r2", stages=AFTER_LOADING)
    assert counted(second) == released(loaded, 2)
    assert counted(second)["core.dim_product"] == (0, 1, 0)


def test_a_dry_run_is_called_one(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=["quality_checks"])

    in_task = tell_plan("r1")

    assert in_task.startswith("dry run r1, attempt 1, audited: a publish would change\n")
    assert etl("plan") == f"{in_task}\n"
    assert etl("summary").splitlines()[0] == (
        "Run r1: dry run: nothing was published, there is no release yet; ./etl plan tells what a publish would change"
    )


def test_a_dry_run_waits_no_more_where_another_run_has_come(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=["quality_checks"])
    loaded.run("r2")

    with pytest.raises(ReleaseUnavailable, match="run r2 is published: nothing waits to be published"):
        etl("plan")
    with pytest.raises(Superseded, match="a newer run has cleared its staging"):
        etl("plan", "--run", "r1")


def test_a_dry_run_that_found_nothing_new_says_so(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.run("r2", stages=(*SPARK_STAGES, "quality_checks"))
    with pytest.raises(ReleaseUnavailable, match="run r2 found nothing new: nothing waits to be published"):
        etl("plan")

    in_task = tell_plan("r2")

    assert in_task == "dry run r2, attempt 2: nothing new; a publish would change no row"
    assert etl("plan") == f"{in_task}\n"
    assert etl("summary").splitlines()[0] == "Run r2: dry run: nothing new, release 1 stays"
    loaded.run("r3")
    with pytest.raises(ReleaseUnavailable, match="run r3 found nothing new"):
        etl("plan")


def etl(*arguments: str) -> str:
    return CliRunner().invoke(app, arguments, catch_exceptions=False).stdout


def planned() -> dict:
    told = CliRunner().invoke(app, ["plan", "--json"], catch_exceptions=False)
    return json.loads(told.stdout)


def counted(plan: dict) -> dict[str, tuple[int, int, int]]:
    return {change["table"]: (change["inserted"], change["updated"], change["deleted"]) for change in plan["changes"]}


def released(pipeline: Pipeline, release: int) -> dict[str, tuple[int, int, int]]:
    query = "SELECT table_name, rows_inserted, rows_updated, rows_deleted FROM audit.release_changes WHERE release = %s"
    return {table: tuple(counts) for table, *counts in pipeline.query(query, release)}
