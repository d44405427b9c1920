"""Keep audit.incidents: what opens, goes on, gets worse and recovers, and the message about it, in one transaction."""

import json

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.audit import write_message
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.evidence import find_wrong
from monitoring.findings import Watch
from monitoring.incidents import Finding, Verdict, decide, describe


def keep_incidents(connection: Connection, watch: Watch) -> Verdict:
    """Judge the audit as it stands and write down what that changed."""
    with connection, connection.cursor() as cursor:
        # Two at once would both open the same incident.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('batch_etl.incidents'))")
        going_on = fetch_rows(cursor, "SELECT kind, cause, severity FROM audit.incidents WHERE state <> 'recovered'")
        severities = {(row["kind"], row["cause"]): row["severity"] for row in going_on}
        verdict = decide(severities, find_wrong(cursor, watch))
        for finding in verdict.opened:
            _open(cursor, finding)
        for finding in verdict.going_on:
            _go_on(cursor, finding)
        for finding in verdict.worse:
            _worsen(cursor, finding)
        for kind, cause in verdict.recovered:
            _recover(cursor, kind, cause, watch)
    return verdict


def _open(cursor: Cursor, finding: Finding) -> None:
    incident_id = fetch_value(
        cursor,
        """
        INSERT INTO audit.incidents
            (kind, cause, severity, subject, occurrences, first_seen_at, last_seen_at, run_key, details, runbook)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        RETURNING incident_id
        """,
        (
            *(finding.kind, finding.cause, finding.severity, finding.subject, finding.occurrences),
            *(finding.first_seen_at, finding.last_seen_at, finding.run_key, _details(finding), finding.runbook),
        ),
    )
    _tell(cursor, finding, kind=f"incident_{incident_id}_opened", subject=f"Incident {incident_id}: {finding.subject}")


def _go_on(cursor: Cursor, finding: Finding) -> None:
    cursor.execute(
        """
        UPDATE audit.incidents
        SET
            subject = %s,
            occurrences = GREATEST(occurrences, %s),
            last_seen_at = GREATEST(last_seen_at, %s),
            run_key = %s,
            details = %s
        WHERE kind = %s AND cause = %s AND state <> 'recovered'
        """,
        (
            *(finding.subject, finding.occurrences, finding.last_seen_at, finding.run_key, _details(finding)),
            *(finding.kind, finding.cause),
        ),
    )


def _worsen(cursor: Cursor, finding: Finding) -> None:
    """Tell again: the first alert may not have reached everybody.

    It stays as grave to its end, so that whoever was told of it is told of that too.
    """
    incident_id = fetch_value(
        cursor,
        """
        UPDATE audit.incidents
        SET severity = %s
        WHERE kind = %s AND cause = %s AND state <> 'recovered'
        RETURNING incident_id
        """,
        (finding.severity, finding.kind, finding.cause),
    )
    subject = f"Worse: incident {incident_id}: {finding.subject}"
    _tell(cursor, finding, kind=f"incident_{incident_id}_worse", subject=subject)


def _tell(cursor: Cursor, finding: Finding, *, kind: str, subject: str) -> None:
    body = describe(finding, report=_find_report(cursor, finding.run_key))
    write_message(cursor, finding.run_key, kind=kind, severity=finding.severity, subject=subject, body=body)


def _recover(cursor: Cursor, kind: str, cause: str, watch: Watch) -> None:
    (over,) = fetch_rows(
        cursor,
        """
        UPDATE audit.incidents
        SET state = 'recovered', recovered_at = %s
        WHERE kind = %s AND cause = %s AND state <> 'recovered'
        RETURNING incident_id, severity, subject, occurrences, first_seen_at, run_key
        """,
        (watch.now, kind, cause),
    )
    write_message(
        cursor,
        over["run_key"],
        kind=f"incident_{over['incident_id']}_recovered",
        severity=over["severity"],
        subject=f"Recovered: incident {over['incident_id']}: {over['subject']}",
        body=f"It began {over['first_seen_at']:%Y-%m-%d %H:%M:%S} UTC and happened {over['occurrences']} times.\n"
        f"Over since {watch.now:%Y-%m-%d %H:%M:%S} UTC; there is nothing to do.",
    )


def _details(finding: Finding) -> str:
    return json.dumps({"places": finding.places[:100], "messages": finding.messages})


def _find_report(cursor: Cursor, run_key: str) -> str:
    """Where the report of a run lies; empty where the run ended before it wrote one."""
    statement = """
        SELECT details ->> 'report'
        FROM audit.stage_runs
        WHERE run_key = %s AND stage = 'daily_summary' AND state = 'done'
        ORDER BY attempt DESC
        LIMIT 1
        """
    return fetch_value(cursor, statement, (run_key,)) or ""
