"""The Spark stages on a Connect server that several share: the same code, the same results."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.connect import running_connect_server
from tests.integration.pipeline import AFTER_LOADING, PROJECT, SPARK_STAGES, Pipeline

# As the tasks do it, in a process of their own: in this one Spark is not remote.
RUN_STAGE = """
import sys
from importlib import import_module
from batch_etl.run import begin_in_task
stage, module, function = sys.argv[1:4]
assert begin_in_task(stage, getattr(import_module(module), function), sys.argv[4:]) is None
"""


@pytest.fixture(scope="module")
def connect_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_connect_server(tmp_path_factory.mktemp("connect")) as url:
        yield url


def run_stage_by(url: str, pipeline: Pipeline, stage: str) -> "subprocess.CompletedProcess[str]":
    pipeline.configure(mode="connect")
    own = {"PIPELINE_HOME": str(pipeline.home), "WAREHOUSE_DSN": pipeline.dsn, "SPARK_CONNECT_URL": url}
    command = [
        sys.executable,
        "-c",
        RUN_STAGE,
        stage,
        *SPARK_STAGES[stage],
        "--run-key",
        "small",
        "--dataset-size=small",
    ]
    return subprocess.run(
        command, cwd=PROJECT / "spark", env={**os.environ, **own}, capture_output=True, text=True, check=False
    )


def test_a_shared_session_publishes_what_a_submitted_one_does(
    connect_server: str, small: Pipeline, next_copy: Callable[..., Pipeline]
) -> None:
    by_connect = next_copy()
    for stage in SPARK_STAGES:
        done = run_stage_by(connect_server, by_connect, stage)
        assert done.returncode == 0, done.stderr
    by_connect.run("small", size="small", stages=AFTER_LOADING)

    assert by_connect.contents() == small.contents()
    assert by_connect.query("SELECT stage, attempt, state FROM audit.stage_runs WHERE attempt > 1") == []


def test_without_the_token_nobody_gets_a_session(connect_server: str, next_copy: Callable[..., Pipeline]) -> None:
    address = connect_server.partition("/;")[0]

    done = run_stage_by(address, next_copy(), "data_ingestion")

    assert "SparkUnavailable: Spark Connect: " in done.stderr
