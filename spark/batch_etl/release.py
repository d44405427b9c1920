"""Publish: only here and in restore.py core, marts and quarantine are written.

A publish is one transaction: it takes the run's row, compares the token, merges every table by difference, writes the
release. No partition is swapped, no table renamed or truncated: a reader whose snapshot is older would suddenly find
nothing.
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.claim import advance, newest_attempt
from batch_etl.errors import ConfigurationError, Superseded
from batch_etl.run import Run, StageResult
from batch_etl.settings import ReleaseLimits
from batch_etl.stores import history
from batch_etl.stores.audit import write_message
from batch_etl.stores.difference import Change, Table, read_table
from batch_etl.stores.loads import Load
from batch_etl.stores.locks import lock_tables, when_free
from batch_etl.stores.mart import Manifest
from batch_etl.stores.merge import publish_months, publish_table
from batch_etl.stores.new_months import ReadersPresent, is_worth_adopting, make_partitions, require_quiet
from batch_etl.stores.staging import drop_staging_before, require_staging, staging_table
from batch_etl.stores.visible_parts import forgotten_batches, record_batches, record_parts
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from batch_etl.wording import some_of

log = logging.getLogger(__name__)

# Who reads longer than that is not waited for.
_QUIET_WITHIN_SECONDS = 5


def is_visible(cursor: Cursor, fingerprint: str) -> bool:
    """Whether what would be loaded is what readers see already."""
    newest = "SELECT fingerprint FROM audit.releases ORDER BY release DESC LIMIT 1"
    return bool(fetch_value(cursor, newest) == fingerprint)


def restored_instead(cursor: Cursor, fingerprint: str) -> int | None:
    """The release by which somebody went back from this content, None where nobody did.

    A run publishes it again only when it was asked to (resume): nothing has come since that would make it another one.
    """
    pinned: int | None = fetch_value(
        cursor,
        """
        SELECT newest.release
        FROM audit.releases AS newest
        WHERE newest.release = (SELECT MAX(release) FROM audit.releases)
            AND newest.is_pinned
            AND newest.fingerprint <> %(fingerprint)s
            AND EXISTS (SELECT FROM audit.releases WHERE fingerprint = %(fingerprint)s)
        """,
        {"fingerprint": fingerprint},
    )
    return pinned


def publish_attempt(run: Run, *, token: int) -> StageResult:
    """Stage 6: publish the attempt that the checks audited, unless it is visible already."""
    with run.warehouse() as connection:
        with connection, connection.cursor() as cursor:
            held, state, _ = newest_attempt(cursor, run.run_key)
        # 'published' is met by a retry whose first try lost only the reply to its COMMIT.
        if held == token and state in ("unchanged", "published"):
            return StageResult(0, 0, {"token": token}, is_nothing_new=True)
        release, changes = publish(connection, run.run_key, token, limits=run.settings.config.releases)
    touched = sum(change.rows for change in changes)
    return StageResult(touched, touched, {"token": token, "release": release})


def publish(connection: Connection, run_key: str, token: int, *, limits: ReleaseLimits) -> tuple[int, list[Change]]:
    """Make an audited attempt visible, all tables at once; returns the number of the release and what it changed.

    Raises Superseded where another attempt, run or release came first, and WarehouseBusy where somebody holds a table
    for too long. Then, and on any error, nothing has changed.
    """

    prepare = partial(_make_partitions, run_key=run_key, token=token)
    work = partial(_publish_all, run_key=run_key, token=token, limits=limits)
    when = partial(when_free, connection, limit_seconds=limits.lock_wait_seconds)
    adopts = when(partial(prepare, may_adopt=True))
    try:
        done = when(partial(work, adopts=adopts))
    except ReadersPresent:
        log.info("somebody reads the old release: the rows of new months are written again")
        when(partial(prepare, may_adopt=False))
        done = when(partial(work, adopts=False))
    drop_staging_before(connection, token + 1)
    return done


def _make_partitions(cursor: Cursor, *, run_key: str, token: int, may_adopt: bool) -> bool:
    """Have a partition for each month, unless tables of staging had better become those of new ones: whether so."""
    load = _load_to_publish(cursor, run_key, token)
    tables = [read_table(cursor, name) for name in load.mart.rows]
    adopts = may_adopt and is_worth_adopting(cursor, tables, load)
    for table in tables:
        make_partitions(cursor, table, load, adopts=adopts)
    return adopts


def _publish_all(
    cursor: Cursor, *, run_key: str, token: int, limits: ReleaseLimits, adopts: bool
) -> tuple[int, list[Change]]:
    load = _load_to_publish(cursor, run_key, token)
    tables = facts_last(read_table(cursor, name) for name in load.mart.rows)
    lock_tables(cursor, [table.identifier for table in tables])
    if adopts:
        require_quiet(cursor, within_seconds=_QUIET_WITHIN_SECONDS)
    mart = load.mart
    release = record_release(
        cursor, run_key, token, fingerprint=mart.fingerprint, rows=mart.rows, foreign_writes=load.foreign_writes
    )
    record_batches(cursor, release, mart)
    record_parts(cursor, release, mart.parts)
    changes = [_publish_one(cursor, table, load, token, release, adopts=adopts) for table in tables]
    record_changes(cursor, release, changes)
    body = "\n".join(map(str, sorted(changes, key=lambda change: change.table)))
    subject = f"Release {release} is published"
    write_message(cursor, run_key, kind=f"release_{release}_published", severity="info", subject=subject, body=body)
    history.prune(cursor, release, kept=limits.kept)
    advance(cursor, run_key, token, state="published")
    if adopts:
        require_quiet(cursor)
    return release, changes


def _publish_one(cursor: Cursor, table: Table, load: Load, token: int, release: int, *, adopts: bool) -> Change:
    staging = staging_table(table.name, token)
    if table.month_column is None:
        return publish_table(cursor, table, load, staging, release)
    return publish_months(cursor, table, load, staging, release, adopts=adopts)


def lock_releases(cursor: Cursor) -> None:
    """One release at a time, to the end of the transaction."""
    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('batch_etl.publish'))")
    # What it writes was audited.
    cursor.execute("SET LOCAL batch_etl.is_release = 'on'")


def facts_last(tables: Iterable[Table]) -> list[Table]:
    """Dimensions before facts: a month's references are checked as it is filled."""
    return sorted(tables, key=lambda table: table.month_column is not None)


def _load_to_publish(cursor: Cursor, run_key: str, token: int) -> Load:
    """What an attempt loaded, if nothing came first that it does not know."""
    lock_releases(cursor)
    load = _audited_load(cursor, run_key, token)
    _refuse_to_forget(cursor, token, load.mart)
    _refuse_another_base(cursor, token, load)
    require_staging(cursor, token, load)
    return load


def _audited_load(cursor: Cursor, run_key: str, token: int) -> Load:
    cursor.execute("SELECT 1 FROM audit.runs WHERE run_key = %s FOR UPDATE", (run_key,))
    held, state, load = newest_attempt(cursor, run_key)
    if held != token or state != "audited" or load is None:
        raise Superseded(
            f"run {run_key}: attempt {token} may not publish, attempt {held} is {state}; "
            "clear data_loading and what follows in Airflow to try again"
        )
    return load


def _refuse_to_forget(cursor: Cursor, token: int, manifest: Manifest) -> None:
    """A release never forgets a batch, but for those of a dataset that has no contract any more: its table stays."""
    cursor.execute("SELECT release, token FROM audit.releases ORDER BY release DESC LIMIT 1")
    last = cursor.fetchone()
    if last is None:
        return
    release, newest = last
    if newest > token:
        raise Superseded(f"attempt {token}: release {release} is newer; trigger a new run")
    if forgotten := forgotten_batches(cursor, release, manifest.batches):
        raise ConfigurationError(
            f"release {release} holds {some_of(_files_of(cursor, forgotten))}, which this run could not read: either "
            "its contract refuses them now (./etl summary tells why; a column that they lack needs driftPolicy evolve) "
            "or they are no longer in data/processed/landing. Nothing is published before they can be read"
        )


def _files_of(cursor: Cursor, batch_ids: Sequence[str]) -> list[str]:
    """The names under which batches came."""
    named = """
        SELECT DISTINCT ON (batch_id) batch_id, file_name
        FROM audit.source_files
        WHERE batch_id = ANY(%s)
        ORDER BY batch_id ASC, recorded_at ASC
        """
    names = {row["batch_id"]: row["file_name"] for row in fetch_rows(cursor, named, (batch_ids,))}
    return sorted(names.get(batch_id, batch_id) for batch_id in batch_ids)


def _refuse_another_base(cursor: Cursor, token: int, load: Load) -> None:
    """What was left out of staging stays only where the release is visible that holds it."""
    newest = fetch_value(cursor, "SELECT MAX(release) FROM audit.releases")
    if load.since is not None and load.since != newest:
        raise Superseded(
            f"attempt {token}: release {newest} came after it had left out what release {load.since} holds; "
            "clear data_loading and what follows in Airflow to try again"
        )


def record_release(
    cursor: Cursor,
    run_key: str,
    token: int,
    *,
    fingerprint: str,
    rows: Mapping[str, int] | None = None,
    foreign_writes: int | None = None,
    restored_from: int | None = None,
) -> int:
    """Give the next number to what this transaction makes visible.

    rows            by table; None of a restore
    foreign_writes  as of audit.releases; None: as of the release before
    restored_from   of a restore, which stays until something new arrives
    """
    told = {"run_key": run_key, "token": token, "fingerprint": fingerprint, "restored_from": restored_from}
    release = fetch_value(
        cursor,
        """
        INSERT INTO audit.releases
            (release, run_key, token, fingerprint, restored_from, is_pinned, has_history, foreign_writes, table_rows)
        SELECT
            COALESCE(MAX(release), 0) + 1, %(run_key)s, %(token)s, %(fingerprint)s,
            %(restored_from)s, %(restored_from)s IS NOT NULL, TRUE,
            COALESCE(%(foreign_writes)s, (ARRAY_AGG(foreign_writes ORDER BY release DESC))[1], 0), %(rows)s::jsonb
        FROM audit.releases
        RETURNING release
        """,
        told | {"foreign_writes": foreign_writes, "rows": json.dumps(dict(rows)) if rows else None},
    )
    return int(release)


def record_changes(cursor: Cursor, release: int, changes: Sequence[Change]) -> None:
    insert = """
        INSERT INTO audit.release_changes (release, table_name, rows_inserted, rows_updated, rows_deleted, sums)
        VALUES (%s, %s, %s, %s, %s, %s)
        """
    for change in changes:
        sums = json.dumps(dict(change.sums), default=str)
        cursor.execute(insert, (release, change.table, change.inserted, change.updated, change.deleted, sums))
