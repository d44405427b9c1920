"""Which waiting messages go out now, and which of them as one. Pure: the clock comes in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from batch_etl.settings import AlertRules
from monitoring.channels import SEVERITIES, Parcel

LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True)
class Message:
    """A row of audit.outbox that waits for a channel. severity: info, warn or error."""

    message_id: int
    kind: str
    severity: str
    subject: str
    body: str
    created_at: datetime


def pack(waiting: Sequence[Message], now: datetime, rules: AlertRules) -> list[list[Message]]:
    """Group what is due: an error alone and at any hour, warnings together, infos digest_minutes after the first one.

    What is not due is in no group.
    """
    by_severity = {severity: [each for each in waiting if each.severity == severity] for severity in SEVERITIES}
    due = [[error] for error in by_severity["error"]]
    if is_quiet(now, rules.quiet_hours_utc):
        return due
    if by_severity["warn"]:
        due.append(by_severity["warn"])
    infos = by_severity["info"]
    if infos and infos[0].created_at <= now - timedelta(minutes=rules.digest_minutes):
        due.append(infos)
    return due


def is_quiet(now: datetime, hours: str) -> bool:
    """Whether now lies in hours such as 22:00-06:00; never where they are empty."""
    if not hours:
        return False
    begin, end = (time.fromisoformat(part) for part in hours.split("-"))
    return begin <= now.time() < end if begin <= end else not end <= now.time() < begin


def wrap(key: str, messages: Sequence[Message]) -> Parcel:
    """Make one parcel of messages of one severity."""
    first = messages[0]
    is_good_news = all(message.kind.endswith("_recovered") for message in messages)
    if len(messages) == 1:
        return Parcel(key, first.severity, first.subject, first.body, is_good_news)
    subject = f"{len(messages)} messages: {first.subject} …"
    body = "\n\n".join(f"{message.subject}\n{message.body}" for message in messages)
    return Parcel(key, first.severity, subject, body, is_good_news)


def wait_after(failures: int) -> timedelta:
    """How long a channel is left alone after so many failures in a row: 1, 2, 4 … minutes, at most an hour."""
    return min(timedelta(minutes=2 ** min(failures - 1, 10)), LONGEST_WAIT)
