"""What the benchmark of the chain found, as tables in docs/benchmarks.md and a plot beside it."""

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from tests.benchmarks.conftest import REQUIREMENTS

Result = dict[str, Any]
_BEGIN, _END = "<!-- chain: written by tests/benchmarks/chain.py -->", "<!-- end of chain -->"
_PLOT = "![Seconds of each against the number of sales](images/chain.svg)"
_OURS = "this pipeline"


def write_report(results: list[Result], docs: Path) -> None:
    """Put the tables between their marks and draw the plot. Raises ValueError where the marks are not there."""
    page = docs / "benchmarks.md"
    text = page.read_text(encoding="utf-8")
    before, after = text[: text.index(_BEGIN)], text[text.index(_END) :]
    parts = [_BEGIN, _PLOT, _machine(), _chain(results), "Seconds of each stage, warm:", _stages(results)]
    page.write_text(before + "\n\n".join(parts) + "\n\n" + after, encoding="utf-8")
    (docs / "images").mkdir(exist_ok=True)
    _plot(results).savefig(docs / "images/chain.svg", metadata={"Date": None})


def _machine() -> str:
    pinned = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    tools = ", ".join([f"pyspark {version('pyspark')}", *(line for line in pinned if "==" in line)]).replace("==", " ")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores of {platform.machine()}, {memory:.0f} GiB"
    return f"Measured {datetime.now(UTC):%Y-%m-%d}: {machine}, Python {platform.python_version()}, {tools}."


def _chain(results: list[Result]) -> str:
    """A row a size, contender and way: seconds, and how many times those of this pipeline in the same way."""
    header = ("sales", "by", "executors", "seconds", "of this pipeline", "processor seconds", "peak memory")
    rows = []
    for _, group in groupby(results, key=lambda result: result["rows"]):
        of_size = list(group)
        ours = {_way(result): seconds(result) for result in of_size if result["contender"] == _OURS}
        for result in of_size:
            name = result["contender"] + (", cold" if result["is_cold"] else "")
            mine = ours.get(_way(result))
            rows.append(
                (
                    f"{result['rows']:,}",
                    name,
                    str(result["executors"]),
                    f"{seconds(result):.1f}",
                    f"{seconds(result) / mine:.2f}" if mine else "",
                    *_looked_at(result),
                )
            )
    return _table(header, rows)


def _looked_at(result: Result) -> tuple[str, str]:
    """Processor seconds and memory; nothing of what was over before anybody looked."""
    return (f"{result['cpu_seconds']:.1f}", f"{result['peak_mib'] / 1024:.1f} GiB") if result["peak_mib"] else ("", "")


def _stages(results: list[Result]) -> str:
    warm = [result for result in results if not result["is_cold"] and result["executors"] > 1]
    rows = []
    for result in warm:
        told = ", ".join(f"{name} {taken:.1f}" for name, taken in result["stages"].items())
        rows.append((f"{result['rows']:,}", result["contender"], told))
    return _table(("sales", "by", "stages"), rows)


def seconds(result: Result) -> float:
    """Warm: of the stages, in a process that stands. Cold: of everything, with the start of each process."""
    return float(result["seconds"] if result["is_cold"] else sum(result["stages"].values()))


def _way(result: Result) -> tuple[int, bool]:
    return result["executors"], result["is_cold"]


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plot(results: list[Result]) -> Figure:
    """Seconds against size, both logarithmic: a line a contender, warm, on two executors."""
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    warm = [result for result in results if not result["is_cold"] and result["executors"] > 1]
    for name in dict.fromkeys(result["contender"] for result in warm):
        points = [(result["rows"], seconds(result)) for result in warm if result["contender"] == name]
        axes.plot(*zip(*points, strict=True), marker="o", linewidth=2.5 if name == _OURS else 1.2, label=name)
    axes.set(xscale="log", yscale="log", xlabel="sales", ylabel="seconds, warm", title="The whole chain")
    axes.grid(visible=True, linewidth=0.4)
    axes.legend(frameon=False)
    return figure
