"""Stage 8: drain the outbox. A message is written in the transaction it reports on and marked sent only once it is."""

import logging
from dataclasses import dataclass

import apprise
from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.run import Run, StageResult

log = logging.getLogger(__name__)

_TYPES = {
    "info": apprise.NotifyType.SUCCESS,
    "warn": apprise.NotifyType.WARNING,
    "error": apprise.NotifyType.FAILURE,
}


@dataclass(frozen=True)
class Message:
    """One row of audit.outbox. severity: info, warn or error."""

    message_id: int
    severity: str
    subject: str
    body: str


def send_waiting(run: Run) -> StageResult:
    """Send every waiting message to the log and to each address of NOTIFY_URLS; what fails waits for the next run.

    A dead channel never fails the run: the data are published, the message is kept.
    """
    channels = apprise.Apprise()
    for url in run.settings.notify_urls.get_secret_value().split():
        if not channels.add(url):
            log.error("NOTIFY_URLS holds an address that is not understood; see the list of apprise's services")
    tried: dict[int, bool] = {}
    with run.warehouse() as connection:
        while (outcome := _send_next(connection, channels, after=max(tried, default=0))) is not None:
            message_id, is_sent = outcome
            tried[message_id] = is_sent
    return StageResult(len(tried), sum(tried.values()), {"channels": len(channels)}, is_nothing_new=not tried)


def _send_next(connection: Connection, channels: apprise.Apprise, *, after: int) -> tuple[int, bool] | None:
    """Take the next waiting message, send it and record how that went; two senders never take the same one.

    Returns its number and whether every channel took it, None where no message waits.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT message_id, severity, subject, body
            FROM audit.outbox
            WHERE sent_at IS NULL AND message_id > %s
            ORDER BY message_id
            LIMIT 1
            FOR UPDATE SKIP LOCKED
            """,
            (after,),
        )
        row = cursor.fetchone()
        if row is None:
            return None
        message = Message(*row)
        failure = _deliver(message, channels)
        cursor.execute(
            """
            UPDATE audit.outbox
            SET attempts = attempts + 1, last_error = %s, sent_at = CASE WHEN %s::text IS NULL THEN NOW() END
            WHERE message_id = %s
            """,
            (failure, failure, message.message_id),
        )
        return message.message_id, failure is None


def _deliver(message: Message, channels: apprise.Apprise) -> str | None:
    """Send to the log and to every channel; returns why it is not delivered, or None."""
    level = logging.ERROR if message.severity == "error" else logging.INFO
    log.log(level, "%s\n%s", message.subject, message.body)
    if not len(channels):
        return None
    taken = channels.notify(title=message.subject, body=message.body, notify_type=_TYPES[message.severity])
    return None if taken else "a channel did not take it; apprise's own log lines say which and why"
