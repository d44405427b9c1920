"""`python -m batch_etl generate`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import ConfigurationError

RAW = {"sales_data_{}.csv", "customer_data_{}.json", "products_data_{}.csv"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    return tmp_path


def generate(*arguments: str) -> int:
    return CliRunner().invoke(cli.app, ["generate", *arguments]).exit_code


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir() if file.is_file()}


def test_answers_lie_below_the_folder_of_the_files_where_no_run_takes_them_for_data(tmp_path: Path) -> None:
    assert generate("--rows", "30", "--seed", "7", "--dirt", "0.03", "--days", "30", "--out", str(tmp_path)) == 0
    assert names(tmp_path) == {name.format(30) for name in RAW}
    assert names(tmp_path / "expected") == {f"{name.format(30)}.answers.csv" for name in RAW} | {"30.totals.json"}


def test_without_a_folder_the_files_go_where_runs_and_verify_look_for_them(home: Path) -> None:
    assert generate("--size", "small") == 0
    assert names(home / "data/raw") == {name.format("small") for name in RAW}
    assert "small.totals.json" in names(home / "data/expected")


@pytest.mark.parametrize("wrong", [("--rows", "19"), ("--rows", "100000001"), ("--rows", "30", "--size", "small")])
def test_a_number_that_no_file_can_have_is_refused(wrong: tuple[str, ...]) -> None:
    assert generate(*wrong) == 2


def test_a_folder_that_cannot_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    told = CliRunner().invoke(cli.app, ["generate", "--rows", "20", "--out", str(tmp_path / "file/raw")]).exception

    assert isinstance(told, ConfigurationError)
    assert str(told).startswith(f"{tmp_path / 'file'}")
    assert "--out and --expected" in str(told)
