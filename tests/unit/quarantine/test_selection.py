"""Filters as people type them."""

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


def test_what_is_no_date_is_refused_with_the_form_that_is() -> None:
    with pytest.raises(ConfigurationError, match="since: 'yesterday' is no date; write 2026-02-03"):
        Selection.of({"since": "yesterday"})
