"""Claim and publish: only here core, marts and quarantine are written.

Every attempt at a run claims a token, a number that only grows, and loads into staging tables that carry it. A publish
is one transaction: it takes the run's row, compares the token, merges every table by difference, writes the release.
No partition is swapped, no table renamed or truncated: a reader whose snapshot is older would suddenly find nothing.
"""

import json
import logging
from collections.abc import Sequence

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import Superseded
from batch_etl.run import Run, StageResult
from batch_etl.stores.mart import Manifest
from batch_etl.stores.merge import Change, merge, qualified
from batch_etl.stores.warehouse import fetch_value

log = logging.getLogger(__name__)


def staging_name(table: str, token: int) -> str:
    """Name in the schema staging of a table such as core.fct_sale."""
    return f"{table.partition('.')[2]}_t{token}"


def claim(connection: Connection, run_key: str) -> int:
    """Begin an attempt: raise the run's token, so that every earlier attempt loses, and clear their staging."""
    with connection, connection.cursor() as cursor:
        token = fetch_value(
            cursor,
            """
            INSERT INTO audit.runs (run_key, token, state)
            VALUES (%s, NEXTVAL('audit.token'), 'claimed')
            ON CONFLICT (run_key) DO UPDATE SET
                token = EXCLUDED.token,
                state = EXCLUDED.state,
                claimed_at = NOW(),
                load_manifest = NULL
            RETURNING token
            """,
            (run_key,),
        )
    _drop_staging_before(connection, token)
    return int(token)


def open_staging(connection: Connection, token: int, tables: Sequence[str]) -> None:
    """Create an empty staging table for each table, with its columns."""
    create = sql.SQL("CREATE TABLE staging.{} (LIKE {})")
    with connection, connection.cursor() as cursor:
        for table in tables:
            cursor.execute(create.format(sql.Identifier(staging_name(table, token)), qualified(table)))


def require_staging(cursor: Cursor, token: int, tables: Sequence[str]) -> None:
    """Raise Superseded where the staging of an attempt is gone: every claim clears what is older."""
    names = [staging_name(table, token) for table in tables]
    count = "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'staging' AND tablename = ANY(%s)"
    if fetch_value(cursor, count, (names,)) < len(names):
        raise Superseded(
            f"attempt {token}: a newer run has cleared its staging; clear data_loading and what follows to try again"
        )


def advance(cursor: Cursor, run_key: str, token: int, *, state: str) -> None:
    """Record how far an attempt came. Raises Superseded where another attempt holds the run by now."""
    cursor.execute("UPDATE audit.runs SET state = %s WHERE run_key = %s AND token = %s", (state, run_key, token))
    if cursor.rowcount == 0:
        raise Superseded(f"run {run_key}: a newer attempt holds the run; nothing was changed, let that one finish")


def mark_loaded(connection: Connection, run_key: str, token: int, manifest: Manifest) -> None:
    """Record that staging is complete and what it holds."""
    content = {"fingerprint": manifest.fingerprint, "batches": dict(manifest.batches), "rows": dict(manifest.rows)}
    with connection, connection.cursor() as cursor:
        advance(cursor, run_key, token, state="loaded")
        cursor.execute("UPDATE audit.runs SET load_manifest = %s WHERE run_key = %s", (json.dumps(content), run_key))


def newest_attempt(cursor: Cursor, run_key: str) -> tuple[int, str, Manifest | None]:
    """Token, state and load manifest of the attempt that holds the run."""
    cursor.execute("SELECT token, state, load_manifest FROM audit.runs WHERE run_key = %s", (run_key,))
    row = cursor.fetchone()
    if row is None:
        raise Superseded(f"run {run_key}: nothing was loaded for it; run data_loading first")
    return row[0], row[1], Manifest(**row[2]) if row[2] else None


def released_fingerprint(cursor: Cursor) -> str | None:
    """Fingerprint of what is visible now; None before the first release."""
    fingerprint: str | None = fetch_value(
        cursor, "SELECT fingerprint FROM audit.releases ORDER BY release DESC LIMIT 1"
    )
    return fingerprint


def publish_attempt(run: Run, *, token: int) -> StageResult:
    """Stage 6: publish the attempt that the checks audited, unless it is visible already."""
    with run.warehouse() as connection:
        with connection, connection.cursor() as cursor:
            held, state, _ = newest_attempt(cursor, run.run_key)
        # 'published' is met by a retry whose first try lost only the reply to its COMMIT.
        if held == token and state in ("unchanged", "published"):
            return StageResult(0, 0, {"token": token}, is_nothing_new=True)
        release, changes = publish(connection, run.run_key, token)
    touched = sum(change.inserted + change.updated + change.deleted for change in changes)
    return StageResult(touched, touched, {"token": token, "release": release})


def publish(connection: Connection, run_key: str, token: int) -> tuple[int, list[Change]]:
    """Make an audited attempt visible, all tables at once; returns the number of the release and what it changed.

    Raises Superseded where another attempt, run or release came first. Then, and on any error, nothing has changed.
    """
    with connection, connection.cursor() as cursor:
        # A long reader delays the publish and never breaks it; the task's retry comes back.
        cursor.execute("SET LOCAL lock_timeout = '30s'")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('batch_etl.publish'))")
        manifest = _audited_manifest(cursor, run_key, token)
        _refuse_to_forget(cursor, token, manifest)
        require_staging(cursor, token, list(manifest.rows))
        changes = [merge(cursor, table, staging_name(table, token)) for table in manifest.rows]
        release = _record_release(cursor, run_key, token, manifest, changes)
        advance(cursor, run_key, token, state="published")
    _drop_staging_before(connection, token + 1)
    return release, changes


def _audited_manifest(cursor: Cursor, run_key: str, token: int) -> Manifest:
    cursor.execute("SELECT 1 FROM audit.runs WHERE run_key = %s FOR UPDATE", (run_key,))
    held, state, manifest = newest_attempt(cursor, run_key)
    if held != token or state != "audited" or manifest is None:
        raise Superseded(
            f"run {run_key}: attempt {token} may not publish, attempt {held} is {state}; "
            "clear data_loading and what follows in Airflow to try again"
        )
    return manifest


def _refuse_to_forget(cursor: Cursor, token: int, manifest: Manifest) -> None:
    """A release never forgets a batch: a run that was computed before the last release must not undo it."""
    cursor.execute("SELECT release, token FROM audit.releases ORDER BY release DESC LIMIT 1")
    last = cursor.fetchone()
    if last is None:
        return
    cursor.execute("SELECT dataset, batch_id FROM audit.release_batches WHERE release = %s", (last[0],))
    forgotten = [batch for dataset, batch in cursor.fetchall() if batch not in manifest.batches.get(dataset, ())]
    if last[1] > token or forgotten:
        raise Superseded(
            f"attempt {token}: release {last[0]} is newer and holds {len(forgotten)} batches that this one lacks; "
            "trigger a new run"
        )


def _record_release(cursor: Cursor, run_key: str, token: int, manifest: Manifest, changes: Sequence[Change]) -> int:
    release = fetch_value(
        cursor,
        """
        INSERT INTO audit.releases (release, run_key, token, fingerprint)
        SELECT COALESCE(MAX(release), 0) + 1, %s, %s, %s FROM audit.releases
        RETURNING release
        """,
        (run_key, token, manifest.fingerprint),
    )
    for dataset, batches in manifest.batches.items():
        for batch in batches:
            cursor.execute("INSERT INTO audit.release_batches VALUES (%s, %s, %s)", (release, dataset, batch))
    for change in changes:
        row = (release, change.table, change.inserted, change.updated, change.deleted)
        cursor.execute("INSERT INTO audit.release_changes VALUES (%s, %s, %s, %s, %s)", row)
    changed = [f"{c.table}: +{c.inserted} ~{c.updated} -{c.deleted}" for c in changes]
    write_message(
        cursor,
        run_key,
        kind="published",
        severity="info",
        subject=f"Release {release} is published",
        body="\n".join(changed),
    )
    return int(release)


def write_message(cursor: Cursor, run_key: str, *, kind: str, severity: str, subject: str, body: str) -> None:
    """Put a message into the outbox, in the transaction that it reports on."""
    cursor.execute(
        """
        INSERT INTO audit.outbox (run_key, kind, severity, subject, body)
        VALUES (%s, %s, %s, %s, %s)
        ON CONFLICT (run_key, kind) DO NOTHING
        """,
        (run_key, kind, severity, subject, body),
    )


def _drop_staging_before(connection: Connection, token: int) -> None:
    """Drop the staging of older attempts. One that is still being written to stays for the next claim."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT tablename FROM pg_tables
            WHERE schemaname = 'staging' AND SUBSTRING(tablename FROM '_t(\\d+)(?:_[0-9a-f]+)?$')::bigint < %s
            """,
            (token,),
        )
        tables = [row[0] for row in cursor.fetchall()]
    for table in tables:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '1s'")
                cursor.execute(sql.SQL("DROP TABLE IF EXISTS staging.{} CASCADE").format(sql.Identifier(table)))
        except psycopg2.errors.LockNotAvailable:
            log.warning("staging.%s is in use by an older attempt; the next claim drops it", table)
