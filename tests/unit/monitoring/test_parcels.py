"""What goes out now, and what as one."""

from datetime import UTC, datetime, timedelta

import pytest

from batch_etl.settings import AlertRules
from monitoring.parcels import Message, is_quiet, pack, wait_after, wrap

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULES = AlertRules(
    stage_deadline_minutes=1,
    crashed_after_minutes=2,
    minimum_severity={},
    digest_minutes=60,
    quiet_hours_utc="22:00-06:00",
)


def message(number: int, severity: str, *, kind: str = "published") -> Message:
    return Message(number, kind, severity, f"subject {number}", f"body {number}", NOON)


WAITING = [message(1, "info"), message(2, "error"), message(3, "warn"), message(4, "warn"), message(5, "info")]


@pytest.mark.parametrize(
    ("hours", "numbers"),
    [(0, [[2], [3, 4]]), (1, [[2], [3, 4], [1, 5]]), (10, [[2]]), (17.9, [[2]]), (18, [[2], [3, 4], [1, 5]])],
)
def test_errors_go_alone_and_at_any_hour_infos_wait_for_the_digest_and_the_rest_for_the_end_of_the_night(
    hours: float, numbers: list[list[int]]
) -> None:
    packed = pack(WAITING, NOON + timedelta(hours=hours), RULES)

    assert [[each.message_id for each in messages] for messages in packed] == numbers


@pytest.mark.parametrize(
    ("hours", "hour", "quiet"),
    [("22:00-06:00", 23, True), ("22:00-06:00", 6, False), ("12:00-14:00", 13, True), ("12:00-14:00", 14, False)],
)
def test_quiet_hours_may_go_past_midnight(hours: str, hour: int, quiet: bool) -> None:
    assert is_quiet(NOON.replace(hour=hour), hours) is quiet


def test_it_is_never_quiet_where_nothing_is_said() -> None:
    assert not is_quiet(NOON, "")


def test_several_messages_come_as_one_with_every_text() -> None:
    parcel = wrap("k", WAITING[2:4])

    assert (parcel.subject, parcel.body) == (
        "2 messages: subject 3 …",
        "subject 3\nbody 3\n\nsubject 4\nbody 4",
    )


def test_a_recovery_is_good_news() -> None:
    assert wrap("k", [message(1, "error", kind="incident_1_recovered")]).is_good_news
    assert not wrap("k", [message(1, "error", kind="incident_1_opened")]).is_good_news


def test_a_failing_channel_is_left_alone_for_longer_each_time_and_at_most_an_hour() -> None:
    minutes = [wait_after(failures).total_seconds() / 60 for failures in (1, 2, 3, 7, 100)]

    assert minutes == [1, 2, 4, 60, 60]
