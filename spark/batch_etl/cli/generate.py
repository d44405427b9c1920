"""`./etl generate`: raw files with known answers."""

import math
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from batch_etl.cli.output import add_row, make_table, print_lines, print_table
from batch_etl.errors import ConfigurationError
from batch_etl.settings import Settings

_MANY_SALES = 200_000


class Size(StrEnum):
    """Sizes that are committed in data/raw."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


def register(app: typer.Typer) -> None:
    app.command()(generate)


def generate(
    *,
    size: Annotated[list[Size] | None, typer.Option(help="Again for several; all three where nothing is said.")] = None,
    rows: Annotated[
        int | None, typer.Option(min=20, max=100_000_000, help="Any other number of sales instead of a size.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed, other data.")] = 42,
    dirt: Annotated[float, typer.Option(min=0, max=0.2, help="Share of records that are spoilt or peculiar.")] = 0.05,
    days: Annotated[int, typer.Option(min=1, max=4_000, help="Days of sales, up to 2025-12-31.")] = 365,
    out: Annotated[Path | None, typer.Option(help="Folder for the raw files; data/raw if not said.")] = None,
    expected: Annotated[
        Path | None, typer.Option(help="Folder for the answers; `expected` in --out if not said.")
    ] = None,
    processes: Annotated[int | None, typer.Option(min=1, max=999, help="One for each processor, if not said.")] = None,
) -> None:
    """Write sales, customers and products with dirt in them, and what a perfect pipeline makes of each record."""
    if size and rows:
        raise typer.BadParameter("give --size or --rows, not both")
    if math.isnan(dirt):
        # It is below no bound, and above none.
        raise typer.BadParameter("nan is no share", param_hint="--dirt")
    # Here, not above: every other command would wait for NumPy and Arrow too.
    from batch_etl.datagen.files import SIZES, Place, generate_size  # noqa: PLC0415
    from batch_etl.datagen.world import World  # noqa: PLC0415

    world = World(seed=seed, dirt_ppm=round(dirt * 1_000_000), days=days)
    wanted = {str(rows): rows} if rows else {name: SIZES[name] for name in size or SIZES}
    data = Settings().pipeline_home / "data"
    # Below and not in the folder of raw files, where a run would take the answers for files of sales.
    expected = expected or (out or data) / "expected"
    out = out or data / "raw"
    figures = ("records", "clean", "quarantined", "duplicates")
    for label, sales in wanted.items():
        # A process costs more than it saves where a few parts are made.
        wanted_processes = processes or (os.cpu_count() or 1 if sales >= _MANY_SALES else 1)
        place = Place(label, raw=out, expected=expected)
        try:
            totals = generate_size(world, sales=sales, place=place, processes=wanted_processes)
        except OSError as error:
            told = (
                f"{error.filename or out}: {error.strerror}; name folders that can be written with --out and --expected"
            )
            raise ConfigurationError(told) from None
        table = make_table(("file", *figures), names=("file",), numbers=figures)
        for name, file in totals["files"].items():
            add_row(table, (name, *(f"{file[key]:,}" for key in figures)))
        print_table(table)
    print_lines(f"raw files in {out}, answers in {expected}")
