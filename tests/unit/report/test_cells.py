"""A value is shown as people read it, and as it is."""

from datetime import datetime, timedelta, timezone

import pytest

from batch_etl.report.cells import cell, change, row_line, size


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\x00b\x1b[31m", "a␀b␛[31m"),
        ("two\nlines", "two␊lines"),
        ("\u202egnp.exe", "‹U+202E›gnp.exe"),
        ("👩‍👧 שלום", "👩‍👧 שלום"),
        ("x" * 301, "x" * 300 + "… (301 characters)"),
        (None, "-"),
        (True, "yes"),
        (1234567, "1,234,567"),
        (0.05, "0.1"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=5))), "2026-01-01 22:04:05 UTC"),
    ],
)
def test_a_cell_shows_what_cannot_be_seen(value: object, shown: str) -> None:
    assert cell(value) == shown


@pytest.mark.parametrize(("now", "told"), [(15, "+50.0%"), (5, "-50.0%"), (9.9999, "+0.0%")])
def test_a_change_is_told_in_percent_of_what_was_there(now: float, told: str) -> None:
    assert (change(now, 10), change(now, 0), change(now, -10)) == (told, None, None)


def test_a_row_that_a_check_found_may_hold_rows_and_lists() -> None:
    row = {"sales": ["S1", "S2"], "id": 1234, "customer": {"name": "***", "cards": [{"n": None}]}}

    assert row_line(row) == "id 1234, sales S1 S2, customer (name ***, cards (n -))"


@pytest.mark.parametrize(("count", "told"), [(999, "999 bytes"), (999_960, "1.0 MB"), (999_940, "999.9 kB")])
def test_bytes_are_told_in_the_unit_that_they_round_to(count: int, told: str) -> None:
    assert size(count) == told
