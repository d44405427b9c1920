"""The report's plots as SVG that takes its colours and its font from the page, so that it is dark where the page is."""

import logging
import re
import warnings
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator
from matplotlib.transforms import offset_copy

from batch_etl.report.cells import visible
from batch_etl.summary import Rows

# Stand-ins that matplotlib writes into the SVG, and what the style sheet calls them.
_COLOURS = {
    "#010203": "var(--ink)",
    "#010204": "var(--line)",
    "#010205": "var(--accent)",
    "#010206": "var(--good)",
    "#010207": "var(--bad)",
    "#010208": "var(--warn)",
}
_INK, _LINE, _ACCENT, _GOOD, _BAD, _WARN = _COLOURS
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and selected
    "text.parse_math": False,  # a category may be called $
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}
_NO_METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}
_WIDTH_INCHES = 6.4
_LONGEST_LABEL = 24
_DAYS_WITH_DOTS = 45
# What matplotlib looks up is only the width of a text; the browser has the font.
logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)


def plot_days(days: Rows, figure: str, *, title: str) -> Markup:
    """One figure of the days as a line, each day a dot while they are few."""

    def draw(axes: Axes) -> None:
        moments = [day["sold_on"] for day in days]
        values = [float(day[figure]) for day in days]
        marker = "." if len(days) <= _DAYS_WITH_DOTS else None
        axes.plot(moments, values, color=_ACCENT, marker=marker, linewidth=1.6)
        locator = AutoDateLocator(maxticks=6)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_ylim(bottom=0 if min(values) >= 0 else None)
        axes.grid(visible=False, axis="x")

    return _svg(draw, title=title, height_inches=2.5)


def plot_bars(names: Sequence[str], values: Sequence[float], *, title: str, form: str = "{:,.0f}") -> Markup:
    """A bar a name, the first one on top, with its value in this form."""

    def draw(axes: Axes) -> None:
        places = range(len(names))
        bars = axes.barh(places, values, color=_ACCENT, height=0.62)
        # Two names may be cut to one.
        axes.set_yticks(places, [_label(name) for name in names])
        axes.bar_label(bars, labels=[form.format(value) for value in values], padding=4)
        axes.invert_yaxis()
        axes.margins(x=0.16)
        axes.xaxis.set_major_formatter(_short)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.grid(visible=False, axis="y")

    return _svg(draw, title=title, height_inches=0.9 + 0.34 * len(names))


def plot_runs(runs: Rows, *, title: str) -> Markup:
    """The records of each run, the newest on the right, parted into clean, duplicates and quarantined."""

    def draw(axes: Axes) -> None:
        places = range(len(runs))
        below = [0] * len(runs)
        for part, colour in (("clean", _GOOD), ("duplicate", _WARN), ("quarantined", _BAD)):
            counts = [run[f"{part}_records"] for run in runs]
            axes.bar(places, counts, bottom=below, color=colour, width=0.8, label=f"{part}")
            below = [low + count for low, count in zip(below, counts, strict=True)]
        stopped = [place for place in places if runs[place]["outcome"] not in ("published", "unchanged")]
        above = offset_copy(axes.transData, axes.get_figure(root=True), y=6, units="points")
        heights = [below[place] for place in stopped]
        label = "not published" if stopped else None
        axes.plot(stopped, heights, "x", color=_INK, label=label, transform=above, clip_on=False)
        axes.set_xticks([0, len(runs) - 1] if len(runs) > 1 else [0])
        # In two lines: two runs stand close together.
        axes.set_xticklabels([_moment(runs[place]["started_at"]) for place in axes.get_xticks().astype(int)])
        axes.set_xlim(-0.6, max(len(runs), 8) - 0.4)
        axes.yaxis.set_major_formatter(EngFormatter(sep=""))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.grid(visible=False, axis="x")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, frameon=False, handlelength=1, columnspacing=1)

    return _svg(draw, title=title, height_inches=2.7)


def _svg(draw: Callable[[Axes], None], *, title: str, height_inches: float) -> Markup:
    with rc_context(_STYLE | {"svg.hashsalt": title}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
        draw(figure.add_subplot())
        text = StringIO()
        figure.savefig(text, format="svg", metadata=_NO_METADATA, transparent=True)
    return Markup(_inline(text.getvalue(), title))  # noqa: S704 - matplotlib escapes what it writes


def _inline(svg: str, title: str) -> str:
    """The SVG for the middle of a page: no prologue, size or style of its own, colours of the page."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", svg, flags=re.DOTALL)
    label = Markup.escape(title)
    svg = re.sub(r' (?:width|height)="[\d.]+pt"', "", svg, count=2)
    svg = svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
    # Each plot numbers its groups from 1; what the plot itself refers to has a salted name.
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    # In tags only: a category may be called like a colour.
    return re.sub(r"<[^>]*>", lambda tag: _of_the_page(tag[0]), svg)


def _of_the_page(tag: str) -> str:
    tag = re.sub(r"font-family: [^;\"]*;?", "", tag)
    for stand_in, colour in _COLOURS.items():
        tag = tag.replace(stand_in, colour)
    return tag


def _short(value: float, _: float) -> str:
    # 800m is 0.8 for engineers only.
    return EngFormatter(sep="")(value) if abs(value) >= 1 else f"{value:g}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b\n%H:%M}"


def _label(name: str) -> str:
    name = visible(name)
    return name if len(name) <= _LONGEST_LABEL else f"{name[:_LONGEST_LABEL]}…"
