"""What the benchmarks need besides the tests' own: their options, and what the pipeline is measured against."""

import subprocess
from pathlib import Path

import pytest

from stack.layout import LOCAL
from stack.local.venv import bootstrap_uv, find_uv
from stack.progress import Progress

REQUIREMENTS = Path(__file__).with_name("requirements.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rows", default="1000000", help="numbers of records, separated by commas")
    parser.addoption("--jdbc-jar", help="PostgreSQL's driver for Java, to measure Spark's JDBC with")


@pytest.fixture(scope="session")
def contenders() -> Path:
    return install_contenders()


def install_contenders() -> Path:
    """A folder for PYTHONPATH with what the pipeline is measured against."""
    folder = LOCAL / "benchmarks"
    uv = find_uv() or bootstrap_uv(Progress())
    subprocess.run([uv, "pip", "install", "--quiet", "--target", folder, "--requirement", REQUIREMENTS], check=True)
    return folder
