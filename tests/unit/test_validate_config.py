"""`./etl validate-config`: everything that people write is checked, without any service, and every fault is told."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import ConfigurationError

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a configuration of its own, far from any service."""
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE_DSN", "postgresql://nobody@127.0.0.1:9/nowhere")
    return tmp_path


def spoil(file: Path, right: str, wrong: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong), encoding="utf-8")


def spoil_everything(home: Path) -> None:
    """One fault in the configuration, two in one contract, one in another."""
    spoil(home / "config/pipeline.yaml", "split_bytes", "split_byte")
    spoil(home / "config/contracts/sales.odcs.yaml", "minimum: 1,", "minimum: few,")
    spoil(home / "config/contracts/sales.odcs.yaml", "value: unit_price_usd", "value: quantity")
    spoil(home / "config/contracts/products.odcs.yaml", "format: csv", "format: parquet")


FAULTS = [
    "config/pipeline.yaml: spark.split_bytes: missing",
    "config/pipeline.yaml: spark.split_byte: unknown; known are mode, split_bytes, small_bytes; did you mean "
    "split_bytes?",
    "config/contracts/products.odcs.yaml: servers[0].format: 'parquet' is not supported; use csv, json",
    "config/contracts/sales.odcs.yaml: schema[0].properties[3].logicalTypeOptions.minimum: 'few' is no integer; "
    "write it like 12 (column quantity)",
    "config/contracts/sales.odcs.yaml: schema[0].customProperties.ledgerAmount: 'quantity' is not a number with two "
    "decimals and 18 digits at most",
]


def validate(*options: str) -> Result:
    return CliRunner().invoke(cli.app, ["validate-config", *options])


def test_a_contract_that_the_star_needs_may_not_lack(home: Path) -> None:
    (home / "config/contracts/products.odcs.yaml").unlink()
    spoil(home / "config/contracts/sales.odcs.yaml", "products.product_id", "sales.product_id")

    assert str(validate().exception) == (
        f"{home}/config/contracts/products.odcs.yaml: missing; restore it from the repository"
    )


def test_a_query_that_is_none_is_a_fault_too(home: Path) -> None:
    (home / "sql/transformations").mkdir(parents=True)
    (home / "sql/transformations/mine.sql").write_text("SELECT a FROM nowhere", encoding="utf-8")

    fault = str(validate().exception)
    assert fault.startswith("sql/transformations/mine.sql: reads nowhere, which nothing makes; there are buyer_cohorts")


def test_a_check_that_no_run_could_make_is_a_fault_too(home: Path) -> None:
    (home / "sql/checks").mkdir(parents=True)
    for name, header in (
        ("mine", "-- Severity: warning"),
        ("of_sales", "-- Severity: warn\n-- Sales: some"),
        ("files_add_up", "-- Severity: warn"),
        ("right", "-- Severity: error\n-- Sales: touched"),
    ):
        (home / f"sql/checks/{name}.sql").write_text(f"{header}\nSELECT 1", encoding="utf-8")

    assert str(validate().exception).splitlines() == [
        f"{home}/sql/checks/files_add_up.sql: another check has this name; rename the file",
        f"{home}/sql/checks/mine.sql: needs a line '-- Severity: error' or '-- Severity: warn'",
        f"{home}/sql/checks/of_sales.sql: '-- Sales: some' must be '-- Sales: touched', or left out for all sales",
    ]


def test_every_contract_is_named_with_its_files(home: Path) -> None:  # noqa: ARG001 - the environment points there
    told = validate()

    assert (told.exit_code, told.output.splitlines()) == (
        0,
        [
            "config/pipeline.yaml: 5 dataset sizes",
            "customers: 9 columns, files customer*.json",
            "products: 8 columns, files product*.csv",
            "sales: 9 columns, files sales*.csv",
        ],
    )


def test_as_json_the_same_is_told(home: Path) -> None:  # noqa: ARG001 - as above
    told = json.loads(validate("--json").output)

    assert (told["is_valid"], told["faults"]) == (True, [])
    assert list(told["dataset_sizes"]) == ["small", "medium", "large", "generated", "all"]
    assert told["contracts"][2] == {"dataset": "sales", "columns": 9, "files": "sales*.csv"}


def test_every_fault_of_every_file_is_told_at_once(home: Path) -> None:
    spoil_everything(home)

    told = validate()

    assert isinstance(told.exception, ConfigurationError)
    assert [fault.removeprefix(f"{home}/") for fault in told.exception.faults] == FAULTS


def test_faults_are_told_as_json_too(home: Path) -> None:
    spoil_everything(home)

    done = validate("--json")

    told = json.loads(done.output)
    assert isinstance(done.exception, ConfigurationError)
    assert (told["is_valid"], told["contracts"], told["dataset_sizes"]) == (False, [], {})
    assert [fault.removeprefix(f"{home}/") for fault in told["faults"]] == FAULTS


def test_faults_end_in_the_exit_code_of_their_class(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil_everything(home)
    monkeypatch.setattr("sys.argv", ["etl", "validate-config"])

    with pytest.raises(SystemExit) as ended:
        cli.main()

    assert ended.value.code == ConfigurationError.exit_code
    assert capsys.readouterr().err.replace(f"{home}/", "").splitlines() == FAULTS


def test_the_usage_is_what_people_type(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["/opt/pipeline/spark/batch_etl/__main__.py", "validate-config", "--help"])

    with pytest.raises(SystemExit):
        cli.main()

    assert "Usage: ./etl validate-config [OPTIONS]" in capsys.readouterr().out
