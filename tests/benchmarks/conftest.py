"""What the benchmarks need besides the tests' own: their options, and what the pipeline is measured against."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stack.layout import LOCAL
from stack.local import java
from stack.local.venv import bootstrap_uv, find_uv
from stack.progress import Progress
from tests.benchmarks.spark_cluster import stage_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", default="1000000", help="numbers of records, separated by commas")
    parser.addoption("--jdbc", action="store_true", help="measure Spark's JDBC too; Maven has PostgreSQL's driver")


@pytest.fixture(scope="session")
def contenders() -> Path:
    return install_contenders()


def install_contenders() -> Path:
    """A folder for PYTHONPATH with what the pipeline is measured against."""
    folder = LOCAL / "benchmarks"
    uv = find_uv() or bootstrap_uv(Progress())
    subprocess.run([uv, "pip", "install", "--quiet", "--target", folder, "--requirement", REQUIREMENTS], check=True)
    return folder


@pytest.fixture(scope="session")
def stage_spark() -> "Iterator[SparkSession]":
    """A session with the settings of a stage: driver and executor in one process, with the memory of both."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only the benchmarks that ask for it wait for it

    os.environ["JAVA_HOME"] = str(java.java_home())
    builder = SparkSession.builder.master("local[2]").appName("benchmark")
    for name, value in stage_settings().items():
        builder = builder.config(name, value)
    builder = builder.config("spark.driver.memory", "2g")
    session = builder.config("spark.ui.enabled", "false").config("spark.log.level", "ERROR").getOrCreate()
    yield session
    session.stop()
