"""Every run has a report of its own, whatever its key and whatever is broken."""

import json
from pathlib import Path

import pytest

from batch_etl.errors import ConfigurationError
from tests.integration.pipeline import Pipeline


def verdicts(pipeline: Pipeline) -> dict[str, str]:
    """Run -> outcome, by the reports that are there."""
    folder = pipeline.home / "data/processed/reports"
    told = [json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("*.json")]
    return {run["run_key"]: run["figures"]["outcome"] for run in told}


def index(pipeline: Pipeline) -> str:
    return (pipeline.home / "data/processed/reports/index.html").read_text(encoding="utf-8")


def test_keys_that_differ_in_odd_characters_only_have_reports_of_their_own(loaded: Pipeline) -> None:
    loaded.run("a:b", stages=["data_loading", "quality_checks", "publish", "daily_summary"])
    others = ["a+b", "a b", "a/b", "a_b", "日本", "中国", "index", "x" * 300]
    for run_key in others:
        loaded.run(run_key, stages=["data_loading", "daily_summary"])

    assert verdicts(loaded) == {"a:b": "published"} | dict.fromkeys(others, "unchanged")
    links = [name for name in index(loaded).split('"') if name.endswith(".html")]
    assert len(set(links)) == len(links) == 1 + len(others)
    assert "index.html" not in links


def test_a_report_of_airflow_is_called_like_its_run(loaded: Pipeline) -> None:
    loaded.run("manual__2026-11-23T05:06:09.606242+00:00", stages=["daily_summary"])

    assert Path(loaded.home, "data/processed/reports/manual__2026-11-23T05_06_09.606242_00_00.html").exists()


def test_a_run_that_a_broken_contract_ends_has_its_report(loaded: Pipeline) -> None:
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("logicalType: integer", "logicalType: int"), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        loaded.run("r2", stages=["data_ingestion"])

    loaded.run("r2", stages=["daily_summary"])

    assert verdicts(loaded) == {"r2": "failed"}
    assert "'int' is not" in (loaded.home / "data/processed/reports/r2.txt").read_text(encoding="utf-8")
