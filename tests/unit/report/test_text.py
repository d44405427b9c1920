"""The report as text: verdict first, then the figures, nothing where there is nothing."""

from dataclasses import replace

import pytest

from batch_etl.report.html import render_html
from batch_etl.report.text import render_text
from batch_etl.summary import Summary
from tests.unit.report.drawn import FIGURES, FULL


def test_the_whole_report() -> None:
    assert render_text(FULL) == (
        """\
Run manual__1: published as release 3

notify has not ended: it still runs, or was killed

Failed checks
  check_name     severity  message
  unknown_share  warn      of 10 sales 9 …

Offending rows
  unknown_share
    dimension customer, sales 1000, keys (id C1) (id -)

Records: 1,020 in 2 files = 1,000 clean + 15 quarantined + 5 duplicates; 1 file refused

Warehouse: 1,234,567 sales, 98,765.40 USD net

Files
  file_name     state    records  clean_records  quarantined_records  duplicate_records  reason
  sales.csv     landed   1,020    1,000          15                   5                  -
  products.csv  refused  -        -              -                    -                  empty

Quarantine
  dataset  reason             records
  sales    quantity: missing  15

Changed
  table_name     rows_inserted  rows_updated  rows_deleted
  core.fct_sale  7              0             0

Stages
  stage    state    attempt  records_in  records_out  seconds
  publish  done     2        1,020       7            1,234.6
  notify   running  1        -           -            -
"""
    )


def test_what_is_empty_is_left_out() -> None:
    assert len(render_text(Summary("r1", FIGURES)).split("\n\n")) == 3


def test_of_many_reasons_the_most_frequent_are_told_and_where_the_others_are() -> None:
    reasons = [{"dataset": "sales", "reason": f"rule {n}", "records": 30 - n} for n in range(12)]

    told = render_text(replace(FULL, reasons=reasons)).split("Quarantine\n")[1].split("\n\n")[0].splitlines()

    assert told[10:] == [
        "  sales    rule 9  21",
        "  … and 2 more reasons: ./etl quarantine list, or the report of the run",
        "  (a record with two reasons counts for both)",
    ]


@pytest.mark.parametrize(
    ("files", "again", "told", "label"),
    [
        (0, 0, "no file was read", "Records read"),
        (0, 1020, "1,020 in 1 earlier file, judged again = {}; no file was read", "Records judged again"),
        (
            2,
            1000,
            "20 in 2 files + 1,000 in 1 earlier file, judged again = {}; 1 file refused",
            "Records read or judged",
        ),
    ],
)
def test_records_that_were_judged_again_are_told_apart_from_those_of_files_that_were_read(
    files: int, again: int, told: str, label: str
) -> None:
    figures = {**FIGURES, "source_files": files, "judged_again_records": again, "judged_again_files": 1}
    replayed = replace(FULL, figures=figures)

    became = "1,000 clean + 15 quarantined + 5 duplicates"
    assert f"\n\nRecords: {told.format(became)}\n\n" in render_text(replayed)
    assert label in render_html(replayed)


def test_the_verdict_says_what_is_visible() -> None:
    def verdict(outcome: str, release: int | None, visible: int | None = None) -> str:
        figures = {**FIGURES, "outcome": outcome, "release": release, "visible_release": visible or release}
        return render_text(replace(FULL, figures=figures)).splitlines()[0]

    assert verdict("unchanged", 3) == "Run manual__1: nothing new, release 3 stays"
    assert verdict("published", 3) == "Run manual__1: published as release 3"
    assert verdict("published", 3, 5) == "Run manual__1: published as release 3; release 5 stands now"
    assert verdict("stopped", 3) == "Run manual__1: NOT published (stopped), release 3 stays"
    assert verdict("stopped", None) == "Run manual__1: NOT published (stopped), there is no release yet"
