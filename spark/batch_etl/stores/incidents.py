"""Read audit.incidents, and note who is at one. They are opened and closed in monitoring/."""

from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import IncidentUnavailable
from batch_etl.stores.warehouse import fetch_rows, fetch_value

Row = dict[str, Any]


def list_incidents(cursor: Cursor, *, recovered_too: bool, limit: int | None = None) -> list[Row]:
    """Incidents, those that go on first, then the newest first; limit: so many at most."""
    return fetch_rows(
        cursor,
        """
        SELECT
            incident_id, kind, cause, severity, state, subject, occurrences, first_seen_at, last_seen_at, run_key,
            details, runbook, acknowledged_by, acknowledged_at, recovered_at
        FROM audit.incidents
        WHERE state <> 'recovered' OR %s
        ORDER BY state = 'recovered', incident_id DESC
        LIMIT %s
        """,
        (recovered_too, limit),
    )


def acknowledge(cursor: Cursor, incident_id: int, *, by: str, now: datetime) -> None:
    """Note that somebody is at it; it goes on until it is over. Raises IncidentUnavailable where none goes on."""
    cursor.execute(
        """
        UPDATE audit.incidents
        SET state = 'acknowledged', acknowledged_by = %s, acknowledged_at = %s
        WHERE incident_id = %s AND state <> 'recovered'
        """,
        (by, now, incident_id),
    )
    if cursor.rowcount == 0:
        state = fetch_value(cursor, "SELECT state FROM audit.incidents WHERE incident_id = %s", (incident_id,))
        told = "is over already" if state else "is not there"
        raise IncidentUnavailable(f"incident {incident_id} {told}; ./etl incidents lists those that go on")


def read_status(cursor: Cursor) -> Row:
    """What readers see, how the last run came on, and what waits."""
    (status,) = fetch_rows(
        cursor,
        """
        SELECT
            (SELECT MAX(release) FROM audit.releases) AS release,
            (SELECT MAX(published_at) FROM audit.releases) AS published_at,
            (SELECT run_key FROM audit.stage_runs ORDER BY started_at DESC LIMIT 1) AS last_run,
            (SELECT COUNT(*) FROM audit.incidents WHERE state = 'open') AS open_incidents,
            (SELECT COUNT(*) FROM audit.incidents WHERE state = 'acknowledged') AS acknowledged_incidents,
            (SELECT COUNT(*) FROM audit.outbox WHERE sent_at IS NULL) AS waiting_messages
        """,
    )
    stages = fetch_rows(
        cursor,
        """
        SELECT DISTINCT ON (stage) stage, state, attempt, started_at, finished_at
        FROM audit.stage_runs
        WHERE run_key = %s
        ORDER BY stage ASC, attempt DESC
        """,
        (status["last_run"],),
    )
    return {**status, "stages": sorted(stages, key=lambda stage: stage["started_at"])}
