"""A mart is known by what it was computed from."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from batch_etl.contract import Column, Contract
from batch_etl.errors import ConfigurationError, LoadFailed
from batch_etl.stores.difference import Table
from batch_etl.stores.lake import Lake
from batch_etl.stores.mart import (
    Inputs,
    Manifest,
    changed_batches,
    mart_inputs,
    newest_mart_before,
    read_manifest,
    read_statements,
)
from batch_etl.stores.mart_tables import MartTables

SALES = Contract(
    dataset="sales",
    file_format="csv",
    file_pattern="sales*.csv",
    columns=(Column(name="id", kind="text", physical_type="text", description=""),),
    key=("id",),
    version_order=(),
    ledger_amount=None,
    references={},
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for file, text in {
        "sql/transformations/daily.sql": "SELECT 1",
        "sql/transformations/weekly.sql": "SELECT 2",
        "spark/batch_etl/transforms/star.py": "ONE = 1",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    return tmp_path


def judged(project: Path, *batches: str, contract: Contract = SALES) -> Lake:
    lake = Lake(project / "processed")
    for batch in batches:
        lake.judged("clean", "sales", contract.fingerprint, batch).mkdir(parents=True)
    return lake


def test_the_same_inputs_have_the_same_fingerprint_in_whatever_order_they_came(project: Path) -> None:
    first = mart_inputs(judged(project, "b2", "b1"), {"sales": SALES}, project)

    assert first.batches == {"sales": ("b1", "b2")}
    assert mart_inputs(Lake(project / "processed"), {"sales": SALES}, project) == first


def test_a_batch_a_rule_a_query_and_a_transform_each_give_another_fingerprint(project: Path) -> None:
    lake = judged(project, "b1")
    stricter = SALES.model_copy(update={"key": ("id", "id")})
    judged(project, "b1", contract=stricter)
    seen = [mart_inputs(lake, {"sales": SALES}, project).fingerprint]

    seen.append(mart_inputs(lake, {"sales": stricter}, project).fingerprint)
    judged(project, "b2")
    seen.append(mart_inputs(lake, {"sales": SALES}, project).fingerprint)
    (project / "sql/transformations/daily.sql").write_text("SELECT 3")
    seen.append(mart_inputs(lake, {"sales": SALES}, project).fingerprint)
    (project / "spark/batch_etl/transforms/star.py").write_text("ONE = 2")
    seen.append(mart_inputs(lake, {"sales": SALES}, project).fingerprint)

    assert len(set(seen)) == 5


@pytest.mark.parametrize("standing", [{"key": ("id", "other")}, {"version_order": ("id",)}])
def test_where_another_record_of_a_key_may_stand_nothing_is_taken_over(
    project: Path, standing: dict[str, tuple[str, ...]]
) -> None:
    lake = judged(project, "b1")
    before = mart_inputs(lake, {"sales": SALES}, project)
    wrote(lake, before, moment=1)

    other = mart_inputs(lake, {"sales": SALES.model_copy(update=standing)}, project)

    assert other.code != before.code
    assert newest_mart_before(lake, other) is None


def wrote(lake: Lake, inputs: Inputs, *, moment: int) -> Path:
    """The mart of these inputs, as if it had been written at a moment."""
    folder = lake.mart(inputs.fingerprint)
    folder.mkdir(parents=True)
    inputs.write(folder)
    os.utime(folder / "inputs.json", (moment, moment))
    return folder


def test_the_mart_to_take_over_from_is_the_newest_of_the_same_code_whose_batches_are_there(project: Path) -> None:
    lake = judged(project, "b1", "b2")
    inputs = mart_inputs(lake, {"sales": SALES}, project)
    assert newest_mart_before(lake, inputs) is None

    oldest = wrote(lake, replace(inputs, batches={"sales": ("b1",)}), moment=1)
    newer = wrote(lake, replace(inputs, batches={"sales": ("b2",)}), moment=2)
    wrote(lake, replace(inputs, code="another"), moment=3)
    wrote(lake, replace(inputs, batches={"sales": ("b0", "b1")}), moment=4)

    assert newest_mart_before(lake, inputs) == newer
    shutil.rmtree(newer)
    assert newest_mart_before(lake, inputs) == oldest


def test_a_batch_that_was_judged_again_to_the_same_rows_did_not_change(project: Path) -> None:
    stricter = SALES.model_copy(update={"version_order": ("id",)})
    lake = judged(project, "same", "other", "gone")
    judged(project, "same", "other", "new", contract=stricter)
    before, after = (mart_inputs(lake, {"sales": contract}, project) for contract in (SALES, stricter))
    for inputs in (before, after):
        for batch, folder in inputs.clean_folders(lake, "sales").items():
            text = batch if batch == "same" else inputs.fingerprint
            (folder / "part-00000.parquet").write_text(text, encoding="utf-8")

    gone, new = changed_batches(lake, "sales", before, after)

    assert [folder.name for folder in gone] == ["batch=gone", "batch=other"]
    assert [folder.name for folder in new] == ["batch=new", "batch=other"]
    assert changed_batches(lake, "sales", before, before) == ([], [])


def test_queries_are_known_by_the_name_of_their_table(project: Path) -> None:
    assert [(query.name, query.text) for query in read_statements(project)] == [
        ("daily", "SELECT 1"),
        ("weekly", "SELECT 2"),
    ]


def test_a_dataset_that_queries_would_take_for_another_table_is_refused(project: Path) -> None:
    with pytest.raises(ConfigurationError, match="product_sales: queries know another table by this name"):
        read_statements(project, ["gifts", "product_sales"])


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest("f1", {"sales": ["b1"]}, {"core.fct_sale": 3}, contracts={"sales": "c1"})
    manifest.write(tmp_path)

    assert read_manifest(tmp_path) == manifest


def test_a_mart_that_is_not_there_is_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="no such mart; its inputs changed, run data_transformation again"):
        read_manifest(tmp_path / "f1")


def test_of_a_table_by_month_no_column_may_be_called_as_the_folders_are(tmp_path: Path) -> None:
    rows = SimpleNamespace(columns=["month", "orders"])

    with pytest.raises(ConfigurationError, match=r"marts\.kinds: .* no column is called month; rename it"):
        MartTables(spark=None, folder=tmp_path).write_months("marts.kinds", rows, month_column="sold_on", only=None)


def test_only_sums_that_are_exact_are_told() -> None:
    table = Table("marts.kinds", {"net_usd": "numeric", "about_usd": "double precision", "orders": "bigint"}, (), None)

    assert table.money == ["net_usd"]
