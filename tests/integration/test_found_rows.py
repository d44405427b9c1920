"""Rows that a check found are counted, and the first of them named, where people look."""

import json
import re

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import ConfigurationError, QualityStopped
from monitoring import found_rows
from tests.integration.pipeline import Pipeline


def test_a_broken_rule_names_rows_as_people_and_as_tables_know_them(loaded: Pipeline) -> None:
    loaded.query("UPDATE staging.dim_customer_t1 SET segment = 'nobody' WHERE customer_id = 'C0000001'")
    with pytest.raises(QualityStopped, match="contract_of_customers"):
        loaded.run("r1", stages=["quality_checks"])

    kept = "SELECT offenders->0 FROM audit.quality_results WHERE check_name = 'contract_of_customers'"
    ((offenders,),) = loaded.query(kept)
    keys = loaded.query("SELECT customer_key FROM staging.dim_customer_t1 WHERE segment = 'nobody' ORDER BY 1")
    assert offenders["rule"] == "segment: not an allowed value"
    assert sorted(offenders["keys"], key=lambda row: row["customer_key"]) == [
        {"customer_id": "C0000001", "customer_key": key} for (key,) in keys
    ]


def test_a_check_that_finds_lists_and_no_number_is_told(loaded: Pipeline) -> None:
    query = "SELECT 'NaN'::float8 AS share, ARRAY_AGG(sale_id ORDER BY sale_id) AS sales FROM fct_sale"
    (loaded.home / "sql/checks/mine.sql").write_text(f"-- Severity: warn\n{query}\n", encoding="utf-8")

    loaded.run("r1", stages=["quality_checks", "daily_summary"])

    report = (loaded.home / "data/processed/reports/r1.txt").read_text(encoding="utf-8")
    assert "  mine\n    share NaN, sales S00000001 S00000002" in report


def test_a_figure_that_is_no_number_leaves_json_whole(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    pipeline.describe_in(monkeypatch)
    query = "SELECT 'NaN'::float8 AS share, '-Infinity'::float8 AS moved"
    (pipeline.home / "sql/checks/mine.sql").write_text(f"-- Severity: warn\n{query}\n", encoding="utf-8")

    told = CliRunner().invoke(cli.app, ["check", "--json"], catch_exceptions=False).output

    found = {check["name"]: check["offenders"] for check in json.loads(told, parse_constant=pytest.fail)}
    assert found["mine"] == [{"share": "NaN", "moved": "-Infinity"}]


def test_of_many_double_keys_ten_are_kept_and_all_are_counted(loaded: Pipeline) -> None:
    loaded.query("INSERT INTO staging.dim_date_t1 SELECT * FROM staging.dim_date_t1")

    with pytest.raises(QualityStopped, match=r"key_of_dim_date \(365 keys are missing or double\)"):
        loaded.run("r1", stages=["quality_checks"])

    kept = "SELECT JSON_ARRAY_LENGTH(offenders), offenders->0->>'n' FROM audit.quality_results WHERE check_name = %s"
    assert loaded.query(kept, "key_of_dim_date") == [(10, "2")]


KEPT = "SELECT message, offenders FROM audit.quality_results WHERE check_name = 'mine'"
# A check and what is kept of it; some editors begin a file with a mark.
FOUND = {
    "-- Severity: warn  \nSELECT * FROM GENERATE_SERIES(1, 12) AS n": (
        "12 offending rows",
        [{"n": number} for number in range(1, 11)],
    ),
    "\ufeff-- Severity: warn\nSELECT 1 AS n, 2 AS n, '\\x00ff'::bytea AS bytes, ARRAY['a'::bytea] AS more;\n-- end\n": (
        "1 offending row",
        [{"n": 1, "n (2)": 2, "bytes": "\\x00ff", "more": ["\\x61"]}],
    ),
    "-- Severity: warn\nSELECT FROM (VALUES (1), (2)) AS nothing": ("2 offending rows", [{}, {}]),
    "-- Severity: warn\nSELECT ARRAY_AGG(n) AS a, REPEAT('ä', 3000000) AS b FROM GENERATE_SERIES(1, 5000) AS n": (
        "1 offending row",
        [{"a": [*range(1, 21), "… and 4,980 more"], "b": f"{'ä' * 1000}… (3,000,000 characters)"}],
    ),
    '-- Severity: warn\nSELECT \'{"a\\u0000": "b\\u0000"}\'::json AS told': (
        "1 offending row",
        [{"told": {"a\0": "b\0"}}],
    ),
}


@pytest.mark.parametrize("text", FOUND)
def test_ten_rows_that_a_check_finds_are_kept_with_every_value(loaded: Pipeline, text: str) -> None:
    (loaded.home / "sql/checks/mine.sql").write_text(text, encoding="utf-8")

    loaded.run("r1", stages=["quality_checks"])

    assert loaded.query(KEPT) == [FOUND[text]]


# The name of a check, its text, and why it is refused.
REFUSED = [
    ("mine", "-- Severity: warn\n-- Purpose: größer\n".encode("latin-1"), "not UTF-8 at byte 32; save it as UTF-8"),
    ("unknown_share", b"-- Severity: error\nSELECT 1", "another check has this name; rename the file"),
    # No other check comes before it.
    ("a", b"-- Severity: error\nSELECT PG_SLEEP(3600)", "no answer in 1s, or cancelled by somebody; mend the check"),
]


@pytest.mark.parametrize(("name", "text", "told"), REFUSED)
def test_a_check_that_cannot_be_judged_is_named(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch, name: str, text: bytes, told: str
) -> None:
    if name == "a":
        monkeypatch.setattr(found_rows, "_LONGEST", "1s")
    (loaded.home / f"sql/checks/{name}.sql").write_bytes(text)

    with pytest.raises(ConfigurationError, match=re.escape(f"sql/checks/{name}.sql: {told}")):
        loaded.run("r1", stages=["quality_checks"])
