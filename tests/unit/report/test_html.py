"""The page: complete, escaped, self-contained, and the same figures as everywhere."""

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from batch_etl.report.cells import visible
from batch_etl.report.html import key_figures, render_html, render_index
from batch_etl.report.plots import plot_bars, plot_days
from batch_etl.report.text import render_json, render_text
from batch_etl.summary import Summary
from tests.unit.report.drawn import FIGURES, FULL, day
from tests.unit.report.naughty import NAUGHTY
from tests.unit.report.page import Page


def with_every_name(row: dict[str, Any], *columns: str) -> list[dict[str, Any]]:
    """A row for each naughty string, which stands in these columns."""
    return [{**row, **dict.fromkeys(columns, text)} for text in NAUGHTY]


def test_the_verdict_and_what_wants_a_look_come_first() -> None:
    told = " ".join(" ".join(Page.read(render_html(FULL)).text).split())

    places = [
        told.index(words) for words in ("Published as release 3", "unknown_share", "products.csv", "Records read")
    ]
    assert places == sorted(places)


def test_the_tables_hold_every_figure_of_the_summary() -> None:
    page = Page.read(render_html(FULL))

    assert page.rows("datasets") == [
        *[["sales", "2", "1", "20.5 kB", "1,020", "", "1,000", "5", "15", "1,100", "1,050"]],
    ]
    assert page.rows("stages") == [
        ["publish", "done", "2", "1,020", "7", "1,234.6", "1", "2.5 MB", "900 bytes", "81.0 MB"],
        ["notify", "running", "1", "-", "-", "-", "-", "-", "-", "-"],
    ]
    found = "of 10 sales 9 …\ndimension customer, sales 1000, keys (id C1) (id -)"
    assert page.rows("failed_checks") == [["unknown_share", "warn", found]]
    assert page.rows("passed_checks") == [["ledger_balances", "passed", "…"]]
    assert page.rows("changes") == [["core.fct_sale", "7", "0", "0"]]
    assert page.rows("lineage") == [["marts.daily_sales", "core.fct_sale", "sales (7 files)"]]
    assert page.rows("files") == [
        ["sales.csv", "sales", "landed", "1,020", "1,000", "15", "5", "-"],
        ["products.csv", "products", "refused", "-", "-", "-", "-", "empty"],
    ]


def test_moments_are_told_in_utc_wherever_the_server_stands() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5)))
    figures = {**FIGURES, "started_at": at, "read_at": at}
    page = "".join(Page.read(render_html(replace(FULL, figures=figures))).text)

    assert "began 2026-01-01 22:04:05 UTC" in page
    assert "01 Jan" in page
    assert "22:04" in page.split("Records of the last runs")[1]


def test_a_run_that_read_nothing_has_a_report() -> None:
    page = Page.read(render_html(Summary("r1", {**FIGURES, "outcome": "stopped", "release": None})))

    told = "".join(page.text)
    assert "NOT published (stopped), there is no release yet" in told
    assert "No file was read." in told
    assert "Records of the last runs" in told
    assert page.tables.keys() == {"lineage"}


@pytest.mark.parametrize(
    ("outcome", "told"),
    [("published", "No row."), ("unchanged", "Nothing was published."), ("dry run", "Nothing was published.")],
)
def test_what_changed_no_row_is_told_apart_from_what_was_not_published(outcome: str, told: str) -> None:
    page = "".join(Page.read(render_html(replace(FULL, figures={**FIGURES, "outcome": outcome}, changes=[]))).text)

    assert told in page.split("Rows that the release changed")[1].split("Where the marts come from")[0]
    assert ("nothing of this try is in it" in page) == (outcome == "dry run")


def test_a_run_that_failed_names_the_stage_and_its_error_first() -> None:
    broken = {**FULL.stages[0], "stage": "data_cleaning", "state": "failed", "error": "LedgerImbalance: <8> records"}
    failed = replace(FULL, figures={**FIGURES, "outcome": "failed"}, stages=[broken])

    told = " ".join(" ".join(Page.read(render_html(failed)).text).split())

    places = [told.index(words) for words in ("NOT published (failed)", "LedgerImbalance: <8>", "unknown_share")]
    assert places == sorted(places)
    assert "Of release 3, which readers see: nothing of this try is in it." in told
    assert render_text(failed).split("\n\n")[1] == (
        "Failed stages\n  stage          error\n  data_cleaning  LedgerImbalance: <8> records"
    )


def test_a_key_figure_is_compared_with_the_calendar_day_before_and_a_week_before() -> None:
    figures = {
        figure["name"]: figure for figure in key_figures([day(1, 4, "100"), day(7, 5, "100"), day(8, 10, "150")])
    }

    assert figures["Sales"] == {
        "name": "Sales",
        "value": "10",
        "since_day_before": "+100.0%",
        "since_week_before": "+150.0%",
    }
    assert figures["Net USD a sale"]["value"] == "15.00"
    assert figures["Discount %"] == {
        **{"name": "Discount %", "value": "50.0", "since_day_before": "+0.0%", "since_week_before": "+0.0%"},
    }
    (alone, *_) = key_figures([day(8, 10, "150")])
    assert (alone["since_day_before"], alone["since_week_before"]) == (None, None)
    shown = "".join(Page.read(render_html(replace(FULL, days=[day(7, 5, "100"), day(8, 10, "150")]))).text)
    assert ("+50.0% on the day before" in shown, "on the week before" in shown) == (True, False)
    assert key_figures([]) == []


def test_the_page_fetches_nothing_and_runs_nothing() -> None:
    html = render_html(FULL)

    assert "default-src 'none'" in html
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(Page.read(html).tags)
    addresses = set(re.findall(r"""(?:href|src|url)\s*[=(]\s*["']?([^"')\s>]*)""", html))
    assert {address for address in addresses if not address.startswith("#")} == {"index.html"}
    assert set(re.findall(r"https?://[^\"' ]*", html)) <= {"http://www.w3.org/1999/xlink", "http://www.w3.org/2000/svg"}


def test_a_number_of_sales_is_a_whole_one_on_the_axis() -> None:
    days = [{"sold_on": date(2025, 1, day), "orders": day % 3} for day in range(1, 9)]

    labels = re.findall(r">([^<>\n]+)</text>", plot_days(days, "orders", title="Sales a day"))

    assert {"0", "1", "2"} <= set(labels)
    assert not [label for label in labels if re.search(r"\d(m|\.\d)$", label)]


def test_the_plots_take_their_colours_and_font_from_the_page() -> None:
    plots = re.findall(r"<svg.*?</svg>", render_html(FULL), flags=re.DOTALL)

    assert len(plots) == 5
    assert all("var(--ink)" in plot and not re.search(r"#[0-9a-f]{6};|font-family", plot) for plot in plots)
    names = [name for plot in plots for name in re.findall(r'id="([^"]*)"', plot)]
    assert len(names) == len(set(names)), "one plot would show a part of another"


def test_there_are_500_naughty_strings() -> None:
    assert len(set(NAUGHTY)) == len(NAUGHTY) == 500


NAUGHTY_RUN = replace(
    FULL,
    run_key="".join(NAUGHTY),
    figures={**FIGURES, "triggered_by": "".join(NAUGHTY), "outcome": "failed"},
    stages=with_every_name({**FULL.stages[1], "state": "failed"}, "error"),
    files=with_every_name(dict(FULL.files[1]), "file_name", "dataset", "reason"),
    datasets=with_every_name(dict(FULL.datasets[0]), "dataset"),
    reasons=with_every_name(dict(FULL.reasons[0]), "dataset", "reason"),
    samples=[
        {**row, "reasons": [row["raw"]]}
        for row in with_every_name(dict(FULL.samples[0]), "dataset", "reason", "raw", "source_file")
    ],
    checks=[
        {**row, "offenders": [{row["message"]: row["message"]}] * 5}
        for row in with_every_name(dict(FULL.checks[0]), "check_name", "message")
    ],
    changes=with_every_name(dict(FULL.changes[0]), "table_name"),
    lineage=with_every_name(dict(FULL.lineage[0]), "mart"),
)


def is_readable(text: str) -> bool:
    """Nothing in it that moves a cursor or turns a line around, and a file can hold it."""
    unreadable = {character for character in text if not character.isprintable()}
    return bool(text.encode("utf-8")) and unreadable <= {"\n", "\u00a0", "\u200c", "\u200d"}


def test_naughty_names_add_no_markup_and_stay_readable() -> None:
    page, harmless = Page.read(render_html(NAUGHTY_RUN)), Page.read(render_html(FULL))

    assert set(page.tags) == set(harmless.tags)
    assert {name for name, _ in page.attributes} == {name for name, _ in harmless.attributes}
    for table in ("files", "datasets", "failed_checks", "changes", "lineage"):
        assert [row[0] for row in page.rows(table)] == [visible(text).strip() for text in NAUGHTY], table
    assert is_readable("".join(page.text))


def test_naughty_names_stay_readable_and_on_their_line_in_text() -> None:
    told = render_text(NAUGHTY_RUN)

    assert is_readable(told)
    parts = {part.split("\n")[0]: part.rstrip("\n").split("\n")[2:] for part in told.split("\n\n")}
    for title in ("Failed stages", "Failed checks", "Files", "Changed"):
        assert len(parts[title]) == len(NAUGHTY), title
    # Of each check its name, three rows of five, and how many more there are; the first stands in the line left out.
    assert len(parts["Offending rows"]) == 5 * len(NAUGHTY) - 1
    # Ten reasons, how many others there are, and how they are counted.
    assert len(parts["Quarantine"]) == 12
    assert [line.split("  ")[1] for line in parts["Failed stages"]] == ["notify"] * len(NAUGHTY)


def test_naughty_names_stay_what_they_are_and_readable_in_json() -> None:
    told = render_json(NAUGHTY_RUN)

    assert is_readable(told)
    assert json.loads(told) == json.loads(json.dumps(NAUGHTY_RUN.as_json(), default=str))


def test_naughty_runs_are_told_apart_in_the_index() -> None:
    runs = [{**FIGURES, "run_key": text} for text in NAUGHTY]

    page = Page.read(render_index(runs, {text: f"{number} &<.html" for number, text in enumerate(NAUGHTY)}))

    assert [row[0] for row in page.rows("runs")] == [visible(text).strip() for text in NAUGHTY]
    assert {name for name, _ in page.attributes} <= {
        *("lang", "charset", "http-equiv", "content", "name", "class", "id", "data-label", "href"),
    }
    assert [value for name, value in page.attributes if name == "href"] == [f"{n}%20%26%3C.html" for n in range(500)]
    assert is_readable("".join(page.text))


def test_naughty_names_of_categories_are_plotted() -> None:
    page = Page.read(plot_bars(NAUGHTY[:90], [1.0] * 90, title="<Categories>"))

    assert set(page.tags) <= {"svg", "defs", "g", "path", "use", "text", "clippath", "rect"}
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert ("aria-label", "<Categories>") in page.attributes


def test_the_index_links_the_reports_that_are_there() -> None:
    runs = [{**FIGURES, "run_key": key} for key in ("r 2", "r1")]

    page = Page.read(render_index(runs, {"r 2": "r_2.html"}))

    assert [row[0] for row in page.rows("runs")] == ["r 2", "r1"]
    assert [value for name, value in page.attributes if name == "href"] == ["r_2.html"]
