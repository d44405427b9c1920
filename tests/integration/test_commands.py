"""The commands that docs and people type, and the programs that Spark runs: what they say and how they end."""

import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from batch_etl import cli, errors
from batch_etl.run import Run, StageResult, run_in_task, run_stage
from monitoring.alert_system import watch_between_runs
from tests.integration.drawn_audit import stage as draw_stage
from tests.integration.drawn_release import FIRST, SECOND, publish, stage
from tests.integration.pipeline import AFTER_LOADING, PROJECT, Pipeline

ODD = "a\x1b[31m[red]\u202e\x9b"
GONE = "postgresql://airflow@127.0.0.1:9/data_warehouse"


@pytest.fixture
def here(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """The loaded pipeline, as the environment of a command describes it."""
    loaded.describe_in(monkeypatch)
    return loaded


@pytest.fixture
def odd(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """Two releases and one that waits, in which every name and value would steer a terminal."""
    pipeline.describe_in(monkeypatch)
    for number, drawing in enumerate((FIRST, FIRST.replace("toys", ODD))):
        run_key = f"{number}{ODD}"
        publish(pipeline, run_key, stage(pipeline, run_key, drawing, batches=("b1",)))
    stage(pipeline, f"3{ODD}", SECOND, batches=("b1",))
    draw_stage(pipeline, f"3{ODD}", "data_loading", "failed", error=ODD)
    pipeline.query(
        "INSERT INTO audit.source_files VALUES ('r', %s, 'sales', 'b', 'landed', NULL, 1, 1)", f"sales_{ODD}.csv"
    )
    watch_between_runs(pipeline.settings)
    return pipeline


def etl(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False).output


def test_init_may_run_again(here: Pipeline) -> None:
    here.run("r1", stages=AFTER_LOADING)
    before = here.row_versions()

    assert [etl("init"), etl("init")] == ["warehouse: tables are there\n"] * 2

    assert here.row_versions() == before


def test_init_by_several_starts_at_once_makes_the_tables_once(clone_database: Callable[..., str]) -> None:
    empty = clone_database()
    environ = {"WAREHOUSE_DSN": empty, "PYTHONPATH": f"{PROJECT / 'spark'}:{PROJECT}", "PIPELINE_HOME": str(PROJECT)}
    command = [sys.executable, "-m", "batch_etl", "init"]

    starts = [subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) for _ in range(3)]

    assert [(start.communicate(timeout=120)[1], start.returncode) for start in starts] == [(b"", 0)] * 3


def test_summary_tells_the_newest_run_or_the_one_that_is_named(here: Pipeline) -> None:
    here.run("r1", stages=AFTER_LOADING)
    here.run("r2")

    assert etl("summary").startswith("Run r2: nothing new, release 1 stays\n")
    assert etl("summary", "--run", "r1").startswith("Run r1: published as release 1\n")
    told = json.loads(etl("summary", "--run", "r1", "--json"))
    assert (told["run_key"], told["figures"]["sales"], len(told["stages"])) == ("r1", 5, 8)


@pytest.mark.parametrize("command", ["summary", "plan"])
def test_a_run_that_does_not_exist_is_refused_with_those_that_do(here: Pipeline, command: str) -> None:
    here.run("r2", stages=["notifications"])

    with pytest.raises(
        errors.ConfigurationError, match="there is no run 'nosuch'; the newest are r2, r1, and data/pro"
    ):
        etl(command, "--run", "nosuch")


@pytest.mark.parametrize(
    "command", ["summary", "status", "incidents", "sources", "plan", "releases", "releases diff 1 2", "acknowledge 1"]
)
def test_a_name_does_not_command_the_terminal(odd: Pipeline, command: str) -> None:  # noqa: ARG001 - the environment
    who = ["--by", ODD] if command.startswith("acknowledge") else []

    told = CliRunner().invoke(cli.app, [*command.split(), *who], catch_exceptions=False, color=True).output

    assert told.replace("\n", "").isprintable()
    assert "a\\x1b[31m[red]\\u202e\\x9b" in told or "a␛[31m[red]‹U+202E›‹U+009B›" in told


@pytest.mark.parametrize(
    ("command", "environ", "code", "complaint"),
    [
        (["-m", "batch_etl", "summary"], {"WAREHOUSE_DSN": GONE}, 17, "Connection refused; ./start.sh starts it"),
        (["-m", "batch_etl", "summary"], {}, 17, "warehouse: no run yet; trigger data_pipeline_etl or run ./start.sh"),
        (["-m", "batch_etl", "validate-config"], {"PIPELINE_HOME": "/nowhere"}, 11, "contracts: no contract here"),
        (["spark/data_loader.py", "--run-key", "r"], {"WAREHOUSE_DSN": GONE}, 17, "./start.sh starts it"),
        (["spark/data_ingestion.py", "--run-key", "r", "--dataset-size", "tiny"], {}, 11, "'tiny' is unknown"),
    ],
)  # fmt: skip
def test_an_error_ends_in_one_line_and_the_exit_code_of_its_class(
    pipeline: Pipeline, command: list[str], environ: dict[str, str], code: int, complaint: str
) -> None:
    here = {"PIPELINE_HOME": str(pipeline.home), "WAREHOUSE_DSN": pipeline.dsn, **environ}
    python = {"PYTHONPATH": f"{PROJECT / 'spark'}:{PROJECT}", "PATH": "/usr/bin:/bin"}

    done = subprocess.run(
        [sys.executable, *command], cwd=PROJECT, env={**python, **here}, capture_output=True, text=True, check=False
    )

    assert done.returncode == code
    told = (done.stderr or done.stdout).splitlines()
    assert complaint in told[-1]
    assert not any("Traceback" in line for line in told)


def test_every_error_has_an_exit_code_of_its_own() -> None:
    classes = [errors.EtlError, *errors.EtlError.__subclasses__()]

    assert len({kind.exit_code for kind in classes}) == len(classes) == 13


def test_a_stage_that_breaks_is_recorded_with_its_error_and_tried_again(pipeline: Pipeline) -> None:
    def break_down(run: Run) -> StageResult:
        raise ZeroDivisionError(f"in {run.stage}")

    with pytest.raises(ZeroDivisionError):
        run_stage(Run("r1", "publish", "all", pipeline.settings), break_down)
    run_stage(Run("r1", "publish", "all", pipeline.settings), lambda _: StageResult(3, 2, {"release": 1}))

    pipeline.shows(
        "SELECT *, details->>'error' AS error, finished_at >= started_at AS has_ended FROM audit.stage_runs ORDER BY 3",
        """
        stage   | attempt | state  | records_in | records_out | error                         | has_ended
        publish | 1       | failed |            |             | ZeroDivisionError: in publish | true
        publish | 2       | done   | 3          | 2           |                               | true
        """,
    )


@pytest.fixture
def loggers_as_before() -> Iterator[None]:
    names = ("batch_etl", "monitoring")
    before = {name: list(logging.getLogger(name).handlers) for name in names}
    yield
    for name in names:
        logging.getLogger(name).handlers[:] = before[name]


@pytest.mark.usefixtures("loggers_as_before")
def test_a_stage_in_an_airflow_task_logs_to_the_file_of_the_pipeline(
    here: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")

    run_in_task("notifications", lambda _: StageResult(0, 0, is_nothing_new=True), run_key="r9")

    (line,) = (Path(here.home) / "data/logs/pipeline.jsonl").read_text().splitlines()
    event = json.loads(line)
    assert (event["run"], event["stage"], event["message"]) == ("r9", "notifications", "nothing new")
