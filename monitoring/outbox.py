"""Drain the outbox: to every channel each message once, in parcels, kept while the channel does not take it.

A parcel gets its key before its first try, and is marked as taken after it. A sender that is killed in between leaves
it marked as waiting: it goes out again, under the same key. That is at least once; exactly once where the receiver
keeps the key (header Idempotency-Key), and told by the line Reference where it cannot.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.settings import AlertRules
from batch_etl.stores.warehouse import fetch_rows
from monitoring.channels import SEVERITIES, Channel
from monitoring.parcels import LONGEST_WAIT, Message, pack, wait_after, wrap


def drain(
    connection: Connection, channels: Sequence[Channel], rules: AlertRules, now: datetime
) -> list[tuple[str, int, str | None]]:
    """Send what is due; returns channel, messages and why they were not taken, of each parcel that was tried."""
    _expect(connection, channels, now)
    tried: list[tuple[str, int, str | None]] = []
    for channel in channels:
        _make_parcels(connection, channel, rules, now)
        # After a failure the channel is left alone: a hundred messages shall not wait for a hundred timeouts.
        while (outcome := _send_next(connection, channel, now)) is not None:
            tried.append(outcome)
    _mark_sent(connection, channels, now)
    return tried


def _expect(connection: Connection, channels: Sequence[Channel], now: datetime) -> None:
    """Note which messages each channel is to have."""
    names = [channel.name for channel in channels]
    ranks = [SEVERITIES.index(channel.minimum_severity) for channel in channels]
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO audit.channels (channel, known_since)
            SELECT UNNEST(%s), %s
            ON CONFLICT DO NOTHING
            """,
            (names, now),
        )
        # An address that was taken away is no longer dead.
        cursor.execute(
            """
            UPDATE audit.channels
            SET failures = 0, failing_since = NULL, next_try_at = NULL, last_error = NULL
            WHERE failures > 0 AND channel <> ALL(%s)
            """,
            (names,),
        )
        # One statement for all channels: a message that comes meanwhile is expected by all of them or by none.
        cursor.execute(
            """
            INSERT INTO audit.deliveries (message_id, channel)
            SELECT message_id, wanting.channel
            FROM audit.outbox
            CROSS JOIN UNNEST(%s, %s) AS wanting (channel, rank)
            WHERE sent_at IS NULL AND ARRAY_POSITION(%s, severity) > wanting.rank
            ON CONFLICT DO NOTHING
            """,
            (names, ranks, list(SEVERITIES)),
        )


def _lock(cursor: Cursor, channel: Channel, now: datetime) -> int | None:
    """Take the channel to the end of the transaction; its failures in a row, None where it is not due or taken."""
    # What lies further away than any wait was written by a clock that was ahead.
    cursor.execute(
        """
        SELECT failures
        FROM audit.channels
        WHERE channel = %s AND COALESCE(next_try_at <= %s OR next_try_at > %s, TRUE)
        FOR UPDATE SKIP LOCKED
        """,
        (channel.name, now, now + LONGEST_WAIT),
    )
    row = cursor.fetchone()
    return int(row[0]) if row else None


def _make_parcels(connection: Connection, channel: Channel, rules: AlertRules, now: datetime) -> None:
    """Fix what goes out as one, and its key, before anything of it is sent."""
    with connection, connection.cursor() as cursor:
        if _lock(cursor, channel, now) is None:
            return
        rows = fetch_rows(
            cursor,
            """
            SELECT message_id, kind, severity, subject, body, created_at
            FROM audit.deliveries
            INNER JOIN audit.outbox USING (message_id)
            WHERE channel = %s AND taken_at IS NULL AND parcel IS NULL
            ORDER BY message_id
            """,
            (channel.name,),
        )
        waiting = [Message(**row) for row in rows]
        for messages in [[each] for each in waiting] if channel.is_prompt else pack(waiting, now, rules):
            cursor.execute(
                "UPDATE audit.deliveries SET parcel = %s WHERE channel = %s AND message_id = ANY(%s)",
                (str(uuid.uuid4()), channel.name, [message.message_id for message in messages]),
            )


def _send_next(connection: Connection, channel: Channel, now: datetime) -> tuple[str, int, str | None] | None:
    """Send the channel's oldest parcel and record how that went; None where none is due.

    The channel's lock is held meanwhile, so two senders never send the same parcel.
    """
    with connection, connection.cursor() as cursor:
        failures = _lock(cursor, channel, now)
        rows = _oldest_parcel(cursor, channel) if failures is not None else []
        if failures is None or not rows:
            return None
        key = str({row.pop("parcel") for row in rows}.pop())
        messages = [Message(**row) for row in rows]
        why = channel.send(wrap(key, messages))
        _record(cursor, channel, key, None if why is None else (failures + 1, why), now)
        return channel.name, len(messages), why


def _oldest_parcel(cursor: Cursor, channel: Channel) -> list[dict[str, Any]]:
    return fetch_rows(
        cursor,
        """
        SELECT parcel, message_id, kind, severity, subject, body, created_at
        FROM audit.deliveries
        INNER JOIN audit.outbox USING (message_id)
        WHERE channel = %(channel)s AND taken_at IS NULL AND parcel = (
            SELECT parcel
            FROM audit.deliveries
            WHERE channel = %(channel)s AND taken_at IS NULL AND parcel IS NOT NULL
            ORDER BY message_id
            LIMIT 1
        )
        ORDER BY message_id
        """,
        {"channel": channel.name},
    )


def _record(cursor: Cursor, channel: Channel, key: str, failure: tuple[int, str] | None, now: datetime) -> None:
    """failure: how often in a row the channel has failed by now, and why."""
    failures, why = failure or (0, None)
    cursor.execute(
        """
        UPDATE audit.deliveries
        SET attempts = attempts + 1, taken_at = CASE WHEN %s THEN %s END
        WHERE channel = %s AND parcel = %s
        """,
        (failure is None, now, channel.name, key),
    )
    cursor.execute(
        """
        UPDATE audit.channels
        SET
            failures = %(failures)s,
            failing_since = CASE WHEN %(failures)s > 0 THEN COALESCE(failing_since, %(now)s) END,
            next_try_at = %(next)s,
            last_error = %(why)s
        WHERE channel = %(channel)s
        """,
        {
            "failures": failures,
            "now": now,
            "next": now + wait_after(failures) if failures else None,
            "why": why,
            "channel": channel.name,
        },
    )


def _mark_sent(connection: Connection, channels: Sequence[Channel], now: datetime) -> None:
    """Mark the messages that no channel waits for. An address that was taken away waits for nothing."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE audit.outbox AS message
            SET sent_at = %s
            WHERE
                sent_at IS NULL
                AND EXISTS (SELECT FROM audit.deliveries WHERE message_id = message.message_id)
                AND NOT EXISTS (
                    SELECT FROM audit.deliveries
                    WHERE message_id = message.message_id AND taken_at IS NULL AND channel = ANY(%s)
                )
            """,
            (now, [channel.name for channel in channels]),
        )
