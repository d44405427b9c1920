"""What no contract has by itself: files that two of them claim, references that lead nowhere, stray files."""

from fnmatch import fnmatch
from pathlib import Path

import pytest

from batch_etl.contracts.reader import read_contracts
from batch_etl.contracts.together import shared_name
from batch_etl.errors import ConfigurationError
from tests.unit.gifts import GIFTS, written

PROJECT = Path(__file__).resolve().parents[3]


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as refusal:
        read_contracts(folder)
    return [fault.removeprefix(f"{folder}: ").removeprefix(f"{folder}/") for fault in refusal.value.faults]


def refer(to: str) -> str:
    return GIFTS.replace("physicalType: text", f"physicalType: text, relationships: [{{to: {to}}}]", 1)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("givers.giver_id", "gifts: giver_id refers to givers.giver_id, which no contract has"),
        ("gifts.donor_id", "gifts: giver_id refers to gifts.donor_id, which no contract has"),
        ("gifts.pieces", "gifts: giver_id refers to gifts.pieces, which is of another type"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(tmp_path: Path, target: str, fault: str) -> None:
    written(tmp_path, refer(target))

    assert faults_of(tmp_path) == [fault]


def test_a_reference_may_lead_to_the_same_table(tmp_path: Path) -> None:
    written(tmp_path, refer("gifts.gift_id"))

    assert read_contracts(tmp_path)["gifts"].references == {"giver_id": ("gifts", "gift_id")}


def test_a_reference_to_a_contract_that_is_refused_is_no_second_fault(tmp_path: Path) -> None:
    written(tmp_path, refer("givers.giver_id"))
    (tmp_path / "givers.odcs.yaml").write_text("", encoding="utf-8")

    assert [fault.split(": ")[0] for fault in faults_of(tmp_path)] == ["givers.odcs.yaml"]


@pytest.mark.parametrize("name", ["records", "measured_sales", "sale_days", "customer_sales", "pg_index"])
def test_a_dataset_that_is_named_like_another_table_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.odcs.yaml").write_text(GIFTS.replace("name: gifts", f"name: {name}"), encoding="utf-8")

    assert faults_of(tmp_path) == [
        f"{name}: the warehouse has another table of this name; give the dataset another one"
    ]


@pytest.mark.parametrize(("dataset", "column"), [("sales", "net_usd"), ("products", "is_current")])
def test_a_column_that_is_named_like_a_computed_one_is_refused(tmp_path: Path, dataset: str, column: str) -> None:
    text = (PROJECT / f"config/contracts/{dataset}.odcs.yaml").read_text(encoding="utf-8")
    one_more = f"      - {{name: {column}, description: Of the till., logicalType: string, physicalType: text}}\n"
    (tmp_path / f"{dataset}.odcs.yaml").write_text(f"{text.rstrip()}\n{one_more}", encoding="utf-8")

    fault = f"{dataset}: the column {column} is computed; of the files it needs another name"

    assert fault in faults_of(tmp_path)


@pytest.mark.parametrize(("dataset", "column"), [("customers", "full_name"), ("sales", "region")])
def test_an_optional_column_that_its_table_does_not_take_empty_is_refused(
    tmp_path: Path, dataset: str, column: str
) -> None:
    text = (PROJECT / f"config/contracts/{dataset}.odcs.yaml").read_text(encoding="utf-8")
    before, after = text.split(f"name: {column}\n")
    after = after.replace("required: true", "required: false", 1)
    (tmp_path / f"{dataset}.odcs.yaml").write_text(f"{before}name: {column}\n{after}", encoding="utf-8")

    fault = f"{dataset}: the column {column} may never be empty in the warehouse; give it required: true"

    assert fault in faults_of(tmp_path)


def test_two_contracts_that_claim_the_same_file_are_refused(tmp_path: Path) -> None:
    written(tmp_path, GIFTS)
    other = GIFTS.replace("name: gifts", "name: gift_cards").replace("gift*.csv", "gift_cards*.csv")
    (tmp_path / "gift_cards.odcs.yaml").write_text(other, encoding="utf-8")

    assert faults_of(tmp_path) == [
        "gift_cards, gifts: a file such as gift_cards.csv would belong to both, by gift_cards*.csv and gift*.csv; "
        "tell their names apart in servers.path"
    ]


PATTERNS = """
one        | other      | shared
a.csv      | a.csv      | a.csv
a.csv      | b.csv      |
a*.csv     | b*.csv     |
a*.csv     | *b.csv     | ab.csv
*          | a          | a
*          | *          | yes
a?.csv     | ab.csv     | ab.csv
ab.csv     | a?.csv     | ab.csv
a?         | a?         | ax
a?         | a          |
a*b*c      | a?c*       | yes
*.csv      | *.json     |
a*         | *a         | a
sales*.csv | stores*.csv |
"""


@pytest.mark.parametrize("case", PATTERNS.strip().splitlines()[1:])
def test_a_name_that_two_patterns_match_is_found(case: str) -> None:
    one, other, wanted = (cell.strip() for cell in case.split("|"))

    found = shared_name(one, other)

    assert (found is None) == (wanted == "")
    if found is not None:
        assert fnmatch(found, one)
        assert fnmatch(found, other)
        assert wanted in (found, "yes")


def test_a_contract_of_another_name_is_not_passed_over(tmp_path: Path) -> None:
    written(tmp_path, GIFTS)
    (tmp_path / "stores.yaml").write_text(GIFTS, encoding="utf-8")
    (tmp_path / "README.md").write_text("About these contracts.", encoding="utf-8")

    assert faults_of(tmp_path) == [
        "stores.yaml: the file's name: must be <dataset>.odcs.yaml, else nobody would read it"
    ]


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    written(tmp_path, GIFTS.replace("format: csv", "format: xml"))
    (tmp_path / "a.odcs.yaml").write_text("schema", encoding="utf-8")

    assert [fault.split(": ")[0] for fault in faults_of(tmp_path)] == ["a.odcs.yaml", "gifts.odcs.yaml"]


def test_a_folder_without_contracts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no contract here; add a <dataset>\.odcs\.yaml"):
        read_contracts(tmp_path)
