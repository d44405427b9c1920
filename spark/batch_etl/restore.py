"""Put an earlier release back, in one transaction, as a new release; and let runs publish again afterwards."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import release
from batch_etl.claim import advance, claim
from batch_etl.errors import ReleaseUnavailable, Superseded
from batch_etl.settings import ReleaseLimits, Settings
from batch_etl.stores import history, warehouse
from batch_etl.stores.audit import write_message
from batch_etl.stores.difference import Change, Table, read_table
from batch_etl.stores.locks import lock_tables, when_free
from batch_etl.stores.merge import merge
from batch_etl.stores.staging import drop_staging_before
from batch_etl.stores.visible_parts import hold_the_same
from batch_etl.stores.warehouse import fetch_value


@dataclass(frozen=True)
class Restored:
    """What a restore did. release: its own number."""

    release: int
    restored_from: int
    changes: list[Change]


def run_key_of_restore(wanted: int, now: datetime) -> str:
    return f"restore_{wanted}__{now.astimezone(UTC).isoformat(timespec='microseconds')}"


def restore_in_task(wanted: int, *, run_key: str) -> Restored:
    """Entry point of a restore that runs inside an Airflow task."""
    settings = Settings()
    dsn = settings.warehouse_dsn.get_secret_value()
    with warehouse.connect(dsn, application_name=f"release_restore {run_key}") as connection:
        return restore(connection, wanted, run_key=run_key, limits=settings.config.releases)


def restore(connection: Connection, wanted: int, *, run_key: str, limits: ReleaseLimits) -> Restored:
    """Bring every table to what it was in an earlier release, at the cost of what changed since.

    A run that was loaded before is superseded by it, as by a publish. Raises ReleaseUnavailable and WarehouseBusy;
    then nothing has changed.
    """
    with connection, connection.cursor() as cursor:
        require_other(cursor, wanted)
    token = claim(connection, run_key)

    def restore_all(cursor: Cursor) -> Restored:
        release.lock_releases(cursor)
        newest = require_other(cursor, wanted)
        _refuse_to_overtake(cursor, token)
        tables = [read_table(cursor, name) for name in history.published_tables(cursor)]
        lock_tables(cursor, [table.identifier for table in tables])
        fingerprint = str(fetch_value(cursor, "SELECT fingerprint FROM audit.releases WHERE release = %s", (wanted,)))
        number = release.record_release(cursor, run_key, token, fingerprint=fingerprint, restored_from=wanted)
        hold_the_same(cursor, wanted, number)
        changes = [_restore_table(cursor, table, wanted, newest=newest, number=number) for table in tables]
        release.record_changes(cursor, number, changes)
        body = "\n".join(str(change) for change in changes)
        subject = f"Release {number} puts release {wanted} back"
        kind = f"release_{number}_published"
        write_message(cursor, run_key, kind=kind, severity="warn", subject=subject, body=body)
        history.prune(cursor, number, kept=limits.kept)
        advance(cursor, run_key, token, state="published")
        return Restored(number, wanted, changes)

    done = when_free(connection, restore_all, limit_seconds=limits.lock_wait_seconds)
    drop_staging_before(connection, token + 1)
    return done


def require_other(cursor: Cursor, wanted: int) -> int:
    """The newest release. Raises ReleaseUnavailable where the wanted one is the newest, or cannot be had."""
    newest = history.newest_release(cursor)
    if wanted == newest:
        raise ReleaseUnavailable(f"release {wanted} is what readers see already; nothing to restore")
    history.require_kept(cursor, wanted)
    return newest


def foresee(cursor: Cursor, wanted: int) -> list[dict[str, Any]]:
    """Which tables a restore would change, with rows by kind of change. Raises ReleaseUnavailable."""
    newest = require_other(cursor, wanted)
    found = {
        name: history.find_differences(cursor, name, newest, wanted, limit=0)[0]
        for name in history.published_tables(cursor)
    }
    return [{"table": name, "counts": counts} for name, counts in found.items() if counts]


def resume(connection: Connection) -> int:
    """Let the next run publish what was left for an earlier release. Returns the number of the restored release."""
    with connection, connection.cursor() as cursor:
        release.lock_releases(cursor)
        newest = history.newest_release(cursor)
        cursor.execute("UPDATE audit.releases SET is_pinned = FALSE WHERE release = %s AND is_pinned", (newest,))
        if cursor.rowcount == 0:
            raise ReleaseUnavailable(f"release {newest} is no restored one that runs leave alone; nothing to resume")
    return newest


def _restore_table(cursor: Cursor, table: Table, wanted: int, *, newest: int, number: int) -> Change:
    # Computed before anything of this release is written, and read three times.
    fresh = sql.Identifier("pg_temp", f"{table.name}_as_of_{wanted}")
    rows = history.rows_as_of(table, wanted, changed_since=wanted)
    cursor.execute(sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT * FROM {}").format(fresh, rows))
    kept = history.rows_as_of(table, newest, changed_since=wanted)
    return merge(cursor, table, kept=kept, fresh=fresh, release=number)


def _refuse_to_overtake(cursor: Cursor, token: int) -> None:
    last = fetch_value(cursor, "SELECT MAX(token) FROM audit.releases")
    if last > token:
        raise Superseded("a newer release was published meanwhile; look at ./etl releases, then restore again")
