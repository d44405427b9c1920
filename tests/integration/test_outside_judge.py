"""`datacontract test` on the published warehouse: another project's judge agrees with ours."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from psycopg2.extensions import parse_dsn

from tests.integration.pipeline import AFTER_LOADING, PROJECT, Pipeline

# What a table holds of its dataset, under the dataset's name: the unknown member comes from no file, and the first
# version of a key holds since 1900, whatever moment its record told.
_VERSION = "SELECT *, GREATEST(valid_from_utc, '2000-01-01Z') AS updated_at_utc"
VIEWS = {
    "sales": "SELECT * FROM core.fct_sale",
    "customers": f"{_VERSION} FROM core.dim_customer WHERE customer_key != -1",
    "products": f"{_VERSION} FROM core.dim_product WHERE product_key != -1",
}
FAULTS = {
    "sales": "UPDATE core.fct_sale SET region = 'moon' WHERE sale_id = 'S00000001'",
    "customers": "UPDATE core.dim_customer SET segment = 'nobody' WHERE customer_key != -1",
    "products": "UPDATE core.dim_product SET category = 'nothing' WHERE product_key != -1",
}


def judged_outside(pipeline: Pipeline, dataset: str, folder: Path) -> bool:
    """Whether `datacontract test` passes for the contract of this dataset, pointed at the warehouse."""
    contract = yaml.safe_load((PROJECT / f"config/contracts/{dataset}.odcs.yaml").read_text(encoding="utf-8"))
    address = parse_dsn(pipeline.dsn)
    contract["servers"] = [
        {"server": "warehouse", "type": "postgres", "host": address["host"], "port": int(address["port"])}
        | {"database": address["dbname"], "schema": "outside"}
    ]
    file = folder / f"{dataset}.odcs.yaml"
    file.write_text(yaml.safe_dump(contract), encoding="utf-8")
    login = {"DATACONTRACT_POSTGRES_USERNAME": "airflow", "DATACONTRACT_POSTGRES_PASSWORD": "unused"}
    program = Path(sys.executable).parent / "datacontract"
    done = subprocess.run(
        [program, "test", file], env={**os.environ, **login}, capture_output=True, text=True, check=False
    )
    assert "Testing" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


def judged_by_us(pipeline: Pipeline, dataset: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    pipeline.describe_in(monkeypatch)
    command = [sys.executable, "-m", "monitoring.data_quality_monitor"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    return f"pass  contract_of_{dataset}:" in done.stdout


@pytest.mark.parametrize("dataset", VIEWS)
def test_the_outside_judge_agrees_on_the_published_warehouse_and_on_a_planted_fault(
    loaded: Pipeline, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.query(f"CREATE SCHEMA outside; CREATE VIEW outside.{dataset} AS {VIEWS[dataset]}")

    assert (judged_outside(loaded, dataset, tmp_path), judged_by_us(loaded, dataset, monkeypatch)) == (True, True)

    loaded.query(FAULTS[dataset])
    assert (judged_outside(loaded, dataset, tmp_path), judged_by_us(loaded, dataset, monkeypatch)) == (False, False)
