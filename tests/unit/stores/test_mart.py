"""A mart is known by what it was computed from."""

from pathlib import Path

import pytest

from batch_etl.contract import Column, Contract
from batch_etl.errors import LoadFailed
from batch_etl.stores.lake import Lake
from batch_etl.stores.mart import Manifest, mart_inputs, read_manifest, read_statements

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


def test_queries_are_known_by_the_name_of_their_table(project: Path) -> None:
    assert [(query.name, query.text) for query in read_statements(project)] == [
        ("daily", "SELECT 1"),
        ("weekly", "SELECT 2"),
    ]


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    manifest = Manifest("f1", {"sales": ["b1"]}, {"core.fct_sale": 3})
    manifest.write(tmp_path)

    assert read_manifest(tmp_path) == manifest


def test_a_mart_that_is_not_there_is_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(LoadFailed, match="no such mart; its inputs changed, run data_transformation again"):
        read_manifest(tmp_path / "f1")
