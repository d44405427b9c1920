"""Reads quarantine.records: what is published is what people see, show, export and judge again."""

from collections.abc import Generator
from dataclasses import astuple
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import RealDictCursor

from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.quarantine.selection import Selection
from batch_etl.stores.warehouse import fetch_rows

# Without the value, which stands behind the rule: "quantity: below 1: 0" is "quantity: below 1".
RULE_OF_REASON = sql.SQL("SPLIT_PART(reason, ': ', 1) || ': ' || SPLIT_PART(reason, ': ', 2)")
_CHUNK_RECORDS = 10_000

# A record is as old as the knowledge of its file: the audit says when a run first and last found these bytes.
_SELECTED = sql.SQL(
    """
    WITH seen AS (
        SELECT dataset, batch_id, MIN(recorded_at) AS first_seen_at, MAX(recorded_at) AS last_seen_at
        FROM audit.source_files
        WHERE batch_id IS NOT NULL
        GROUP BY dataset, batch_id
    ),

    selected AS (
        SELECT
            record.dataset, record.batch_id, record.source_file, record.record_number, record.raw, record.reasons,
            seen.first_seen_at, seen.last_seen_at
        FROM quarantine.records AS record
        LEFT JOIN seen ON record.dataset = seen.dataset AND record.batch_id = seen.batch_id
        WHERE
            (%(dataset)s::text IS NULL OR record.dataset = %(dataset)s)
            AND (%(file)s::text IS NULL OR record.source_file LIKE %(file)s)
            AND (%(since)s::timestamptz IS NULL OR seen.first_seen_at >= %(since)s)
            AND (%(reason)s::text IS NULL OR EXISTS (
                SELECT 1
                FROM JSONB_ARRAY_ELEMENTS_TEXT(record.reasons) AS told (reason)
                WHERE STRPOS(LOWER(told.reason), LOWER(%(reason)s)) > 0
            ))
    )
    """
)
_REASONS = sql.SQL(
    """
    {selected}
    SELECT
        dataset,
        source_file AS file,
        {rule} AS reason,
        COUNT(*) AS records,
        MIN(first_seen_at) AS first_seen_at,
        MAX(last_seen_at) AS last_seen_at
    FROM selected
    CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS_TEXT(reasons) AS told (reason)
    GROUP BY 1, 2, 3
    ORDER BY dataset, file, records DESC, reason
    """
).format(selected=_SELECTED, rule=RULE_OF_REASON)
_RULES = sql.SQL(
    """
    {selected}
    SELECT
        dataset,
        {rule} AS reason,
        COUNT(*) AS records
    FROM selected
    CROSS JOIN LATERAL JSONB_ARRAY_ELEMENTS_TEXT(reasons) AS told (reason)
    GROUP BY 1, 2
    ORDER BY records DESC, dataset, reason
    LIMIT %(limit)s
    """
).format(selected=_SELECTED, rule=RULE_OF_REASON)
_COUNT = sql.SQL("{selected} SELECT COUNT(*) AS records FROM selected").format(selected=_SELECTED)
_RECORDS = sql.SQL(
    """
    {selected}
    SELECT dataset, batch_id, source_file, record_number, raw, reasons, first_seen_at, last_seen_at
    FROM selected
    ORDER BY dataset, first_seen_at DESC NULLS LAST, batch_id, record_number
    LIMIT %(limit)s
    OFFSET %(offset)s
    """
).format(selected=_SELECTED)


def count_reasons(connection: Connection, selection: Selection) -> list[dict[str, Any]]:
    """Records of each dataset, file and reason, values left out; a record with two reasons counts for both."""
    with connection, connection.cursor() as cursor:
        return fetch_rows(cursor, _REASONS, _parameters(selection))


def count_rules(connection: Connection, selection: Selection, *, limit: int | None = None) -> list[dict[str, Any]]:
    """Records of each dataset and reason over all files, the most frequent first."""
    with connection, connection.cursor() as cursor:
        return fetch_rows(cursor, _RULES, _parameters(selection) | {"limit": limit})


def count_records(connection: Connection, selection: Selection) -> int:
    with connection, connection.cursor() as cursor:
        return int(fetch_rows(cursor, _COUNT, _parameters(selection))[0]["records"])


def read_records(
    connection: Connection, selection: Selection, *, limit: int | None = None, offset: int = 0
) -> Generator[list[QuarantinedRecord], None, None]:
    """Records in portions of one file each, by dataset, newest file first; never all of them in memory."""
    with connection, connection.cursor("quarantine", RealDictCursor) as cursor:
        cursor.itersize = _CHUNK_RECORDS
        cursor.execute(_RECORDS, _parameters(selection) | {"limit": limit, "offset": offset})
        for _, rows in groupby(cursor, key=itemgetter("dataset", "batch_id")):
            while portion := list(islice(rows, _CHUNK_RECORDS)):
                yield [QuarantinedRecord(**row | {"reasons": tuple(row["reasons"])}) for row in portion]


def _parameters(selection: Selection) -> dict[str, Any]:
    dataset, reason, since, file = astuple(selection)
    return {"dataset": dataset, "reason": reason, "since": since, "file": _like(file) if file else None}


def _like(glob: str) -> str:
    r"""A glob as a pattern of LIKE: "sales_*.csv" is "sales\_%.csv"."""
    for plain, pattern in (("\\", "\\\\"), ("%", "\\%"), ("_", "\\_"), ("*", "%"), ("?", "_")):
        glob = glob.replace(plain, pattern)
    return glob
