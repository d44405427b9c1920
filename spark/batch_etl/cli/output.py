"""What commands print: JSON for programs; for people tables, folded into a terminal, else a line a row."""

import os
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOBase, TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO, cast

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from batch_etl.errors import EtlError
from batch_etl.wording import in_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# More than anybody reads, and a number that PostgreSQL takes as a LIMIT.
MOST_ROWS = 1_000_000_000
# Wider than any row: a row that is folded cannot be found by grep.
_UNFOLDED = 1_000_000


def open_streams() -> None:
    """Standard output and error are there, also where they are closed, and what one cannot show is an escape."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # Nobody closes it before the process ends.
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def give_up_output() -> None:
    """What could not be written stays unwritten: at its end Python would try once more and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_json(told: object) -> None:
    typer.echo(in_json(told))


def print_lines(*lines: str) -> None:
    """Print text, which may hold what data and errors said: each stays a line of its own."""
    typer.echo("\n".join(map(printable, lines)))


def print_error(text: str) -> None:
    """Print to standard error, in red on a terminal that has colours: https://no-color.org."""
    Console(stderr=True).print(Text(_printable_lines(text), style="red"), soft_wrap=True)


def answered(error: EtlError) -> EtlError:
    """The error of a command whose answer, already printed, is that something is wrong."""
    error.is_answered = True
    return error


def print_answer(told: object, lines: Iterable[str], *, as_json: bool) -> None:
    """The same for programs or for people."""
    print_json(told) if as_json else print_lines(*lines)


class _Terminal(TextIOBase):
    """Rows as they are, but for what would steer the terminal."""

    def write(self, text: str) -> int:
        return sys.stdout.write(_printable_lines(text))


@contextmanager
def open_for_rows() -> Iterator[TextIO]:
    """Standard output, for rows that may go into a file: in UTF-8, whatever the terminal has."""
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.isatty():
        sys.stdout.reconfigure(encoding="utf-8")
    yield cast("TextIO", _Terminal()) if sys.stdout.isatty() else sys.stdout
    # Here, not at Python's end, it is found out that nobody reads them to the end.
    sys.stdout.flush()


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


def _printable_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def print_table(table: Table) -> None:
    open_console().print(table)


def open_console() -> Console:
    """As wide as the terminal; without one, wide enough for every row."""
    return Console() if sys.stdout.isatty() else Console(width=_UNFOLDED)
