"""Filters as people type them."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from batch_etl.errors import ConfigurationError
from batch_etl.quarantine.selection import Selection


def test_what_is_empty_filters_nothing() -> None:
    assert Selection.of({"dataset": "", "reason": None, "dry_run": "x"}) == Selection()
    assert Selection().as_conf() == {}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-03", datetime(2026, 2, 3, tzinfo=UTC)),
        ("2026-02-03T04:05:06", datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)),
        ("2026-02-03T04:05:06+01:00", datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(text: str, moment: datetime) -> None:
    selection = Selection.of({"since": text})

    assert selection.since == moment
    assert Selection.of(selection.as_conf()) == selection


def test_a_zone_that_postgresql_does_not_know_is_none_any_more() -> None:
    selection = Selection.of({"since": "2026-02-03T00:00:00-23:59"})

    assert selection.as_conf() == {"since": "2026-02-03T23:59:00+00:00"}


@pytest.mark.parametrize("text", ["yesterday", "0001-01-01T00:00:00+23:59"])
def test_what_is_no_date_is_refused_with_the_form_that_is(text: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(f"since: '{text}' is no date; write 2026-02-03")):
        Selection.of({"since": text})
