"""What releases replaced: list them, see a table as of one, tell two apart, forget the oldest."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TextIO

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import ReleaseUnavailable
from batch_etl.stores.difference import Table, read_table, select_differences
from batch_etl.stores.warehouse import fetch_rows, fetch_value

ALL_COLUMNS = sql.SQL("*")


def published_tables(cursor: Cursor) -> list[str]:
    """Every table that a release has written and that still stands, by name."""
    rows = fetch_rows(
        cursor,
        """
        SELECT DISTINCT table_name FROM audit.release_changes
        WHERE TO_REGCLASS(table_name) IS NOT NULL ORDER BY table_name
        """,
    )
    return [row["table_name"] for row in rows]


def list_releases(cursor: Cursor, *, before: int | None = None, limit: int | None = None) -> list[dict[str, Any]]:
    """Releases, newest first, with what each changed by table. is_kept: it can be read, compared and restored.

    before  only those with a lower number; None for all
    """
    return fetch_rows(
        cursor,
        """
        SELECT
            told.release,
            told.published_at,
            told.run_key,
            told.restored_from,
            told.is_pinned,
            told.release >= COALESCE(
                (SELECT MAX(gone.release) FROM audit.releases AS gone WHERE NOT gone.has_history), 0
            ) AS is_kept,
            (
                SELECT
                    COALESCE(
                        JSONB_OBJECT_AGG(
                            changed.table_name,
                            JSONB_BUILD_OBJECT(
                                'inserted', changed.rows_inserted,
                                'updated', changed.rows_updated,
                                'deleted', changed.rows_deleted,
                                'sums', changed.sums
                            )
                        ),
                        '{}'
                    )
                FROM audit.release_changes AS changed
                WHERE changed.release = told.release
            ) AS changes
        FROM audit.releases AS told
        WHERE %(before)s::bigint IS NULL OR told.release < %(before)s
        ORDER BY told.release DESC
        LIMIT %(limit)s
        """,
        {"before": before, "limit": limit},
    )


def require_kept(cursor: Cursor, *releases: int) -> None:
    """Raise ReleaseUnavailable where one of these releases is not there, or can no longer be seen."""
    told = """
        SELECT COALESCE(MAX(release) FILTER (WHERE NOT has_history), MIN(release)) AS oldest, MAX(release) AS newest
        FROM audit.releases
        """
    (kept,) = fetch_rows(cursor, told)
    for release in releases:
        if kept["newest"] is None or not kept["oldest"] <= release <= kept["newest"]:
            known = f"{kept['oldest']} to {kept['newest']}" if kept["newest"] else "none"
            raise ReleaseUnavailable(
                f"release {release}: not there, or older than what is kept; {known} can be seen, and "
                "releases.kept in config/pipeline.yaml says how many stay"
            )


def rows_as_of(table: Table, release: int, *, changed_since: int | None = None) -> sql.Composed:
    """The rows of a table in a release, to select from; with changed_since only those that later ones touched."""
    return sql.SQL("history.as_of(NULL::{}, {}, {})").format(
        table.identifier, sql.Literal(release), sql.Literal(changed_since)
    )


def find_differences(
    cursor: Cursor, name: str, before: int, after: int, *, limit: int
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """How a table of one release differs from that of another: rows by kind, and the first of them by key."""
    table = read_table(cursor, name)
    since = min(before, after)
    names = [sql.Identifier(f"_key_{place}") for place, _ in enumerate(table.key)]
    key = [
        sql.SQL("COALESCE(kept.{0}, fresh.{0}) AS {1}").format(sql.Identifier(column), name)
        for column, name in zip(table.key, names, strict=True)
    ]
    # As text: JSON's numbers would become binary fractions on the way. With a star: a column may be called kept.
    images = [*key, sql.SQL("TO_JSON(kept.*)::text AS before"), sql.SQL("TO_JSON(fresh.*)::text AS after")]
    differences = select_differences(
        table,
        images,
        kept=rows_as_of(table, before, changed_since=since),
        fresh=rows_as_of(table, after, changed_since=since),
    )
    cursor.execute(sql.SQL("SELECT change, COUNT(*) FROM ({}) AS found GROUP BY change").format(differences))
    counts = dict(cursor.fetchall())
    if not counts or not limit:
        return counts, []
    select = sql.SQL("SELECT change, before, after FROM ({}) AS found ORDER BY {} LIMIT {}")
    found = fetch_rows(cursor, select.format(differences, sql.SQL(", ").join(names), sql.Literal(limit)))
    return counts, [{**row, "before": _exact(row["before"]), "after": _exact(row["after"])} for row in found]


def _exact(image: str | None) -> dict[str, Any] | None:
    return None if image is None else dict(json.loads(image, parse_float=Decimal))


def copy_as_csv(
    cursor: Cursor, table: Table, release: int, out: TextIO, *, columns: sql.Composable = ALL_COLUMNS
) -> None:
    """Write a table as it was in a release as CSV with a header. columns: what to select of it."""
    rows = rows_as_of(table, release)
    command = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT WITH (FORMAT csv, HEADER)").format(columns, rows)
    cursor.copy_expert(command.as_string(cursor), out)


def read_as_json(cursor: Cursor, table: Table, release: int, *, columns: sql.Composable = ALL_COLUMNS) -> Iterator[str]:
    """Each row of a table as it was in a release as JSON; the cursor has a name, so that no more lie in memory."""
    select = sql.SQL("SELECT TO_JSON(_row)::text FROM (SELECT {} FROM {}) AS _row")
    cursor.execute(select.format(columns, rows_as_of(table, release)))
    return (row[0] for row in cursor)


def prune(cursor: Cursor, release: int, *, kept: int) -> None:
    """Forget what releases replaced that lie further back than `kept`."""
    oldest = release - kept
    cursor.execute("UPDATE audit.releases SET has_history = FALSE WHERE release <= %s AND has_history", (oldest,))
    if cursor.rowcount == 0:
        return
    # The last one that loses what it replaced can still be restored, and then its batches count.
    cursor.execute("DELETE FROM audit.release_batches WHERE release < %s", (oldest,))
    cursor.execute("DELETE FROM audit.release_parts WHERE release <= %s", (oldest,))
    cursor.execute(
        """
        DELETE FROM audit.measured_parts AS measured
        WHERE NOT EXISTS (
            SELECT FROM audit.release_parts AS part
            WHERE (part.table_name, part.month, part.fingerprint)
                = (measured.table_name, measured.month, measured.fingerprint)
        )
        """
    )
    followed = """
        SELECT relname FROM pg_attribute
        INNER JOIN pg_class ON oid = attrelid AND relkind = 'r'
        WHERE relnamespace = 'history'::regnamespace AND attname = '_release'
        """
    for row in fetch_rows(cursor, followed):
        table = sql.Identifier("history", row["relname"])
        cursor.execute(sql.SQL("DELETE FROM {} WHERE _release <= %s").format(table), (oldest,))


def newest_release(cursor: Cursor) -> int:
    """Number of the release that readers see. Raises ReleaseUnavailable before the first."""
    release: int | None = fetch_value(cursor, "SELECT MAX(release) FROM audit.releases")
    if release is None:
        raise ReleaseUnavailable("there is no release yet; trigger data_pipeline_etl or run ./start.sh")
    return release
