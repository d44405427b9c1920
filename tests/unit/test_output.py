"""What ./etl prints: a row stays one line where a program reads it, and a name stays whole on a terminal."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from batch_etl.cli.output import add_row, make_table, open_for_rows, print_table, printable

PROJECT = Path(__file__).resolve().parents[2]
FILE = "customer_data_large.json"
REASON = "registered_on: later than the day of its own delivery, which cannot be"
DRAWN = f"""
from batch_etl.cli.quarantine_views import reasons_table
from batch_etl.cli.output import print_table
from datetime import datetime
seen = datetime(2026, 1, 2, 3, 4, 5)
row = dict(dataset="customers", file="{FILE}", reason="{REASON}", records=1234, first_seen_at=seen, last_seen_at=seen)
print_table(reasons_table([row]))
"""


def test_a_row_is_one_line_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = make_table(("dataset", "file", "reason", "records"), names=("file",), numbers=("records",))
    add_row(table, ("customers", FILE, REASON * 9, 12))
    add_row(table, ("customers", "[red]a.csv", "two\nlines", 1234))
    print_table(table)

    heading, long, short = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["dataset", "file", "reason", "records"]
    assert (long[:2], long[-1]) == (["customers", FILE], "12")
    assert short == ["customers", "[red]a.csv", "two\\nlines", "1234"]


def test_a_name_stays_whole_on_a_narrow_terminal() -> None:
    terminal, other_end = pty.openpty()
    environ = {**os.environ, "PYTHONPATH": f"{PROJECT / 'spark'}:{PROJECT}", "TERM": "dumb"}
    subprocess.run([sys.executable, "-c", DRAWN], stdout=other_end, env=environ, check=True)

    lines = os.read(terminal, 100_000).decode().splitlines()

    assert max(map(len, lines)) <= 80
    assert [line.count("2026-01-02") for line in lines if FILE in line and "1,234" in line] == [2]


@pytest.mark.parametrize(("no_colour", "before", "behind"), [("", "\x1b[31m", "\x1b[0m"), ("1", "", "")])
def test_an_error_is_one_line_and_red_for_people_who_want_colours(no_colour: str, before: str, behind: str) -> None:
    terminal, other_end = pty.openpty()
    environ = {"PYTHONPATH": f"{PROJECT / 'spark'}:{PROJECT}", "TERM": "xterm", "NO_COLOR": no_colour}
    code = r"from batch_etl.cli.output import print_error; print_error('[b]a\x1b[2J' + 100 * ' b')"
    subprocess.run([sys.executable, "-c", code], stderr=other_end, env=environ, check=True)

    assert os.read(terminal, 10_000).decode() == f"{before}[b]a\\x1b[2J{100 * ' b'}{behind}\r\n"


@pytest.mark.parametrize(("is_terminal", "written"), [(True, "Zoë,\\x1b[2J\n"), (False, "Zoë,\x1b[2J\n")])
def test_rows_are_as_they_are_except_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, written: str
) -> None:
    into = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(into, encoding="utf-8" if is_terminal else "latin-1"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: is_terminal)

    with open_for_rows() as rows:
        rows.write("Zoë,\x1b[2J\n")

    assert into.getvalue().decode() == written


def test_what_would_steer_a_terminal_is_written_out() -> None:
    assert printable("a\x1b[31m\r\n\u202e\ud800Zoë 🎁") == "a\\x1b[31m\\r\\n\\u202e\\ud800Zoë 🎁"
