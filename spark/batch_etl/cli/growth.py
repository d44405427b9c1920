"""`./etl growth`: draws what validate_production.py measured."""

import json
from pathlib import Path
from typing import Annotated

import typer

from batch_etl.cli.output import print_lines


def register(app: typer.Typer) -> None:
    app.command(hidden=True)(growth)


def growth(
    points: Annotated[Path, typer.Argument(help="A JSON list of objects with records and seconds.")],
    plot: Annotated[Path, typer.Argument(help="The SVG to write.")],
) -> None:
    """Draw cost against size, and beside it what the cost would be if it grew just as the size does."""
    # Here, not above: every other command would wait for Matplotlib too.
    from matplotlib import rc_context  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    measured = json.loads(points.read_text(encoding="utf-8"))
    records, seconds = [point["records"] for point in measured], [point["seconds"] for point in measured]
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "growth"}):
        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot(title="Cost of a run against its size", xlabel="source records", ylabel="seconds")
        axes.loglog(records, seconds, marker="o", label="measured")
        linear = [seconds[-1] * count / records[-1] for count in records]
        axes.loglog(records, linear, linestyle="--", color="grey", label="in proportion to the largest")
        axes.legend()
        figure.savefig(plot, format="svg", metadata={"Date": None})
    print_lines(f"drawn: {plot}")
