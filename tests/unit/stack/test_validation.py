"""The decisions of the longer validations: may they begin, and is what they found well?"""

import json
from pathlib import Path
from typing import Any

import pytest

from stack.apart import copy_project
from stack.backend import StackError
from stack.complete import judge_contents, judge_restored, judge_same
from stack.compose.compose_backend import read_size
from stack.dag_run import RunResult
from stack.demo_runs import judge_comparison, judge_releases, judge_report, judge_sources
from stack.layout import ROOT
from stack.production import Point, as_table, generated_files, judge_growth, judge_held, judge_idle, judge_raw
from stack.settings import CATALOG, load_settings
from stack.warehouse import Warehouse, largest, size_of


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("sales_data_small.csv", "small"), ("customer_data_large.json", "large"), ("products_data_1000.csv", "1000"),
        ("sales_data_2026-01.csv", ""), ("sales_data_.csv", ""), ("sales_2026.csv", ""),
        ("sales_data_small.csv.gz", ""), ("customer_data_small.csv", ""),
    ],
)  # fmt: skip
def test_only_files_with_a_known_answer_have_a_size(name: str, size: str) -> None:
    assert size_of(name) == size


def test_the_largest_size_is_the_one_with_the_most_sales() -> None:
    assert largest({"small", "large", "medium"}) == "large"
    assert largest({"large", "100000", "1000000"}) == "1000000"
    assert largest(set()) == ""


@pytest.mark.parametrize("said", ['{"error": "no release yet"}', "no JSON at all", ""])
def test_an_answer_of_etl_that_is_none_is_a_failure_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    etl = tmp_path / "etl"
    etl.write_text(f"#!/bin/sh\necho '{said}'\necho 'no release yet' >&2\nexit 20\n", encoding="utf-8")
    etl.chmod(0o700)
    monkeypatch.setattr("stack.warehouse.ROOT", tmp_path)

    with pytest.raises(StackError, match=r"^\./etl contents --json failed: no release yet$"):
        Warehouse().contents()


def test_a_warehouse_with_somebodys_own_files_is_left_alone_and_the_way_out_is_told() -> None:
    found = judge_sources([{"file_name": "sales_data_small.csv"}, {"file_name": "sales_2026.csv"}])
    assert (found.is_ok, "sales_2026.csv" in found.detail, "--apart" in found.fix) == (False, True, True)
    assert judge_sources([]).is_ok
    assert judge_sources([{"file_name": "sales_data_100000.csv"}]).is_ok


def test_a_release_that_somebody_has_put_back_is_left_alone() -> None:
    assert not judge_releases([{"release": 3, "is_pinned": True}, {"release": 2, "is_pinned": False}]).is_ok
    assert judge_releases([{"release": 3, "is_pinned": False}, {"release": 2, "is_pinned": True}]).is_ok
    assert judge_releases([]).is_ok


def test_a_figure_that_differs_is_told_with_both_values() -> None:
    wrong = {"subject": "core.fct_sale", "figure": "rows", "expected": "19", "found": "20"}
    found = judge_comparison("small", {"agrees": False, "figures": 9, "differences": [wrong]})
    assert found.detail == "1 of 9 figures differ: core.fct_sale: rows is 20, not 19"


def contents(release: int, **hashes: str) -> dict[str, Any]:
    return {"release": release, "tables": {name: {"rows": 1, "hash": value} for name, value in hashes.items()}}


def test_nothing_changed_means_the_same_release_and_the_same_hashes() -> None:
    assert judge_same("again", contents(2, a="1"), contents(2, a="1")).is_ok
    assert not judge_same("again", contents(2, a="1"), contents(3, a="1")).is_ok
    assert not judge_same("again", contents(2, a="1"), contents(2, a="2")).is_ok


def test_the_same_contents_may_stand_in_another_release() -> None:
    assert judge_contents("back", contents(2, a="1"), contents(4, a="1")).is_ok
    assert judge_contents("back", contents(2, a="1", b="2"), contents(4, a="1")).detail == "other rows in b"


def test_a_restored_release_must_not_differ_from_the_one_it_puts_back() -> None:
    assert judge_restored(1, 3, []).is_ok
    assert judge_restored(1, 3, [{"table": "core.fct_sale"}]).detail == "differs from release 1 in core.fct_sale"


def report(**reasons: int) -> dict[str, Any]:
    return {
        "figures": dict.fromkeys(("source_records", "clean_records"), 3)
        | {"quarantined_records": 1, "duplicate_records": 0, "source_records": 4},
        "datasets": [{"dataset": "sales", "source_records": 4, "clean_records": 3}],
        "reasons": [{"dataset": "sales", "reason": reason, "records": count} for reason, count in reasons.items()],
    }


@pytest.mark.parametrize(("found", "is_ok"), [({"missing": 1}, True), ({"missing": 2}, False), ({"late": 1}, False)])
def test_a_report_tells_what_the_answer_says_to_the_last_reason(
    tmp_path: Path, found: dict[str, int], *, is_ok: bool
) -> None:
    file = {"dataset": "sales", "records": 4, "clean": 3, "quarantined": 1, "duplicates": 0, "reasons": {"missing": 1}}
    (tmp_path / "small.totals.json").write_text(json.dumps({"files": {"sales_data_small.csv": file}}))
    (tmp_path / "manual__1_00.json").write_text(json.dumps(report(**found)))
    assert judge_report("small", "manual__1+00", expected=tmp_path, reports=tmp_path).is_ok == is_ok


def test_a_report_that_was_not_written_is_a_finding(tmp_path: Path) -> None:
    assert "is missing" in judge_report("small", "manual__1", expected=tmp_path, reports=tmp_path).detail


@pytest.mark.parametrize(("seconds", "peak", "verdicts"), [(110, 15, [True, True]), (121, 21, [False, False])])
def test_cost_and_memory_may_not_outgrow_the_data(seconds: float, peak: int, verdicts: list[bool]) -> None:
    points = [Point("large", 15_000, 5, 9), Point("100000", 100, 10, 10), Point("1000000", 1_000, seconds, peak)]
    assert [finding.is_ok for finding in judge_growth(points)] == verdicts


def test_an_idle_run_must_be_quicker_than_the_work() -> None:
    worked = Point("1000000", 1_000, 60, 10)
    assert judge_idle(RunResult("r", "success", 12, []), worked).is_ok
    assert not judge_idle(RunResult("r", "success", 61, []), worked).is_ok


def test_what_was_read_before_cannot_be_measured() -> None:
    assert judge_held({"small", "medium"}, ["large", "100000"]).is_ok
    assert not judge_held({"small", "100000"}, ["large", "100000"]).is_ok


def test_generated_files_of_somebody_else_are_neither_read_nor_deleted() -> None:
    assert judge_raw(["sales_data_small.csv", "sales_mine.csv"]).is_ok
    assert not judge_raw(["sales_data_5000000.csv"]).is_ok


def test_what_was_generated_is_known_to_the_last_file() -> None:
    assert [file.relative_to(ROOT).as_posix() for file in generated_files("100")] == [
        "data/raw/sales_data_100.csv",
        "data/raw/customer_data_100.json",
        "data/raw/products_data_100.csv",
        "data/expected/sales_data_100.csv.answers.csv",
        "data/expected/customer_data_100.json.answers.csv",
        "data/expected/products_data_100.csv.answers.csv",
        "data/expected/100.totals.json",
    ]


def test_the_table_tells_cost_and_memory_of_each_size() -> None:
    assert "1000000     1,200,000      60.0      20,000        50.0      2.00" in as_table(
        [Point("1000000", 1_200_000, 60, 2 * 1024**3)]
    )


def test_a_stack_apart_has_other_ports_and_nobodys_data(tmp_path: Path) -> None:
    copy_project(tmp_path / "apart", "docker")
    settings = load_settings(tmp_path / "apart/.env")
    raw = {file.name for file in (tmp_path / "apart/data/raw").iterdir()}
    ports = [setting.key for setting in CATALOG if setting.key.endswith("_PORT")]
    assert [key for key in ports if settings[key] == load_settings()[key]] == []
    assert len({settings[key] for key in ports}) == len(ports)
    assert settings["COMPOSE_PROJECT_NAME"] == "data-pipeline-apart"
    assert {size_of(name) for name in raw} == {"small", "medium", "large"}
    assert (tmp_path / "apart/start.sh").exists()
    assert not (tmp_path / "apart/data/processed").exists()


@pytest.mark.parametrize(("text", "size"), [("512B", 512), ("1.5KiB", 1_536), ("2MiB", 2 * 2**20), ("1GiB", 2**30)])
def test_a_size_of_the_engine_is_read_as_bytes(text: str, size: int) -> None:
    assert read_size(text) == size
