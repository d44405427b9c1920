"""Plots show every figure, whatever its name and sign."""

import re

from batch_etl.report.plots import plot_bars, plot_days
from tests.unit.report.drawn import day

COLOUR = "#010205"


def test_two_names_that_are_cut_to_one_have_a_bar_each() -> None:
    names = [f"office supplies and furniture {kind}" for kind in ("chairs", "desks")]

    plot = plot_bars(names, [48, 9], title="Net USD of the categories")

    assert plot.count("office supplies and furn…") == 2
    heights = set(re.findall(r'<path d="M [\d.]+ ([\d.]+)[^"]*z[^"]*" clip-path="[^"]*" style="fill: var', plot))
    assert len(heights) == 2


def test_days_below_nothing_are_on_the_plot() -> None:
    def lowest(amounts: list[str]) -> float:
        days = [day(number, 1, amount) for number, amount in enumerate(amounts, start=1)]
        plot = plot_days(days, "net_usd", title="Net USD a day")
        (line,) = re.findall(r'<path d="([^"]*)"[^>]*style="[^"]*stroke: var\(--accent\)', plot)
        bottom = float(re.findall(r'viewBox="0 0 [\d.]+ ([\d.]+)"', plot)[0])
        return bottom - max(float(y) for y in re.findall(r"[ML] [\d.-]+ ([\d.-]+)", line))

    assert lowest(["50.00", "-100.00"]) > 0
    assert lowest(["50.00", "100.00"]) > 0


def test_less_than_one_is_told_in_plain_digits() -> None:
    plot = plot_bars(["data_cleaning", "publish"], [2.2, 0.1], title="Seconds of the stages", form="{:.1f} s")

    labels = re.findall(r">([^<>\n]+)</text>", plot)
    assert "0.8" in labels
    assert not [label for label in labels if label.endswith("m")]
    assert "5k" in re.findall(r">([^<>\n]+)</text>", plot_bars(["toys"], [15_000], title="Net USD of the categories"))


def test_a_name_may_look_like_what_the_plot_replaces() -> None:
    plot = plot_bars([COLOUR, "font-family: Arial; x"], [1, 2], title="Names")

    assert f">{COLOUR}<" in plot
    assert ">font-family: Arial; x<" in plot
