"""The report as one HTML file: no script, no network, every cell escaped by the template engine."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from batch_etl.report.cells import change
from batch_etl.report.plots import plot_bars, plot_days, plot_runs
from batch_etl.report.templates import make_environment
from batch_etl.report.text import failed_stages, unfinished_stages
from batch_etl.report.verdict import is_overtaken, mood, verdict
from batch_etl.summary import Rows, Summary

# Name, figure of a day, decimals.
_DAY_FIGURES = (
    ("Net USD", "net_usd", 2),
    ("Sales", "orders", 0),
    ("Pieces", "units", 0),
    ("Customers", "customers", 0),
    ("Net USD a sale", "net_per_order_usd", 2),
    ("Discount %", "discount_pct", 1),
)


def render_html(summary: Summary) -> str:
    """Verdict first, then what wants a look, the records' way, checks, key figures, stages, changes and lineage."""
    figures = summary.figures
    return _environment().get_template("page.html.j2").render(
        summary=summary,
        figures=figures,
        mood=mood(figures),
        verdict=verdict(figures),
        is_overtaken=is_overtaken(figures),
        failed_stages=failed_stages(summary),
        unfinished_stages=unfinished_stages(summary),
        failed_checks=[check for check in summary.checks if not check["is_passed"]],
        refused_files=[file for file in summary.files if file["state"] == "refused"],
        key_figures=key_figures(summary.days),
        since_last_release=_since_last_release(summary),
        samples=_by_reason(summary.samples),
        plots=_plots(summary),
    )  # fmt: skip


def render_index(runs: Rows, reports: Mapping[str, str]) -> str:
    """All runs, the newest first. runs: rows of marts.daily_summary; reports: run_key -> name of its file."""
    return _environment().get_template("index.html.j2").render(
        runs=[{**run, "verdict": verdict(run), "mood": mood(run)} for run in runs],
        reports=reports,
    )  # fmt: skip


def key_figures(days: Rows) -> list[dict[str, Any]]:
    """Each figure of the last day with sales, beside the day before and the same weekday a week before."""
    if not days:
        return []
    by_day = {day["sold_on"]: _with_ratios(day) for day in days}
    last = max(by_day)
    day_before, week_before = (by_day.get(last - timedelta(days=count), {}) for count in (1, 7))
    return [
        {
            "name": name,
            "value": f"{by_day[last][figure]:,.{decimals}f}",
            "since_day_before": change(by_day[last][figure], day_before.get(figure)),
            "since_week_before": change(by_day[last][figure], week_before.get(figure)),
        }
        for name, figure, decimals in _DAY_FIGURES
    ]


def _with_ratios(day: Mapping[str, Any]) -> dict[str, Any]:
    gross = day["gross_usd"] or Decimal(1)
    return {
        **day,
        "net_per_order_usd": day["net_usd"] / day["orders"],
        "discount_pct": 100 * day["discount_usd"] / gross,
    }


def _since_last_release(summary: Summary) -> dict[str, Any] | None:
    """How sales and their sum moved since the release before; None where there was none, or this run made none."""
    release = summary.figures["release"]
    earlier = [run for run in summary.history if run["release"] is not None and run["release"] < (release or 0)]
    if not earlier or summary.figures["outcome"] != "published":
        return None
    # A run that was tried again long after may have published later than one that began after it.
    before = max(earlier, key=lambda run: int(run["release"]))
    return {
        "release": before["release"],
        "sales": f"{summary.figures['sales'] - before['sales']:+,}",
        "net_usd": summary.figures["net_usd"] - before["net_usd"],
        "net_change": change(summary.figures["net_usd"], before["net_usd"]),
    }


def _by_reason(samples: Rows) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for sample in samples:
        grouped.setdefault((sample["dataset"], sample["reason"]), []).append(sample)
    return grouped


def _plots(summary: Summary) -> dict[str, Markup]:
    """The plots by name; one that has nothing to show is not there."""
    plots = {}
    if summary.days:
        plots["net"] = plot_days(summary.days, "net_usd", title="Net USD a day")
        plots["orders"] = plot_days(summary.days, "orders", title="Sales a day")
    if summary.categories:
        top = summary.categories[:10]
        names, sold = [row["category"] for row in top], [float(row["net_usd"]) for row in top]
        plots["categories"] = plot_bars(names, sold, title="Net USD of the categories")
    ended = [stage for stage in summary.stages if stage["seconds"] is not None]
    if ended:
        names, seconds = [stage["stage"] for stage in ended], [stage["seconds"] for stage in ended]
        plots["stages"] = plot_bars(names, seconds, title="Seconds of the stages", form="{:.1f} s")
    plots["runs"] = plot_runs([*summary.history, summary.figures], title="Records of the last runs")
    return plots


@cache
def _environment() -> Environment:
    return make_environment()
