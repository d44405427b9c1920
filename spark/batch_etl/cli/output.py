"""What commands print: JSON for programs; for people tables, folded into a terminal, else a line a row."""

import sys
from collections.abc import Collection, Iterable, Sequence
from io import TextIOBase, TextIOWrapper
from typing import Annotated, TextIO, cast

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_etl.wording import in_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# Wider than any row: a row that is folded cannot be found by grep.
_UNFOLDED = 1_000_000


def print_json(told: object) -> None:
    typer.echo(in_json(told))


def print_lines(*lines: str) -> None:
    """Print text, which may hold what data and errors said: each stays a line of its own."""
    typer.echo("\n".join(map(printable, lines)))


def print_answer(told: object, lines: Iterable[str], *, as_json: bool) -> None:
    """The same for programs or for people."""
    print_json(told) if as_json else print_lines(*lines)


class _Terminal(TextIOBase):
    """Rows as they are, but for what would steer the terminal."""

    def write(self, text: str) -> int:
        return sys.stdout.write("\n".join(map(printable, text.split("\n"))))


def open_for_rows() -> TextIO:
    """Standard output, for rows that may go into a file: in UTF-8, whatever the terminal has."""
    if sys.stdout.isatty():
        return cast("TextIO", _Terminal())
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return sys.stdout


def make_table(
    headings: Sequence[str],
    *,
    names: Collection[str] = (),
    numbers: Collection[str] = (),
    moments: Collection[str] = (),
) -> Table:
    """A table without rows.

    names    headings of columns that a narrow terminal had better not break
    numbers  headings of columns that are flush right
    moments  headings of columns that break between date and time
    """
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(
            heading,
            justify="right" if heading in numbers else "left",
            no_wrap=heading in {*names, *numbers},
            min_width=len("2026-01-02") if heading in moments else None,
            overflow="fold",
        )
    return table


def add_row(table: Table, cells: Sequence[object]) -> None:
    """Cells are text, not markup: they hold what data and errors said."""
    table.add_row(*(cell if isinstance(cell, Text) else Text(printable(str(cell))) for cell in cells))


def printable(text: str) -> str:
    """The text with what would move the cursor or colour a terminal written out: \\x1b."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def print_table(table: Table) -> None:
    open_console().print(table)


def open_console() -> Console:
    """As wide as the terminal; without one, wide enough for every row."""
    return Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)
