"""What a warehouse holds, measured as an answer key tells it."""

from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.quarantine import RULE_OF_REASON

Figures = dict[str, Any]

QUARANTINE = "quarantine.records"
# A file of this name may have been read with other content or under another contract before, and its content under
# another name: what it held last counts, as it was judged last.
_LEDGERS = """
    WITH held AS (
        SELECT DISTINCT ON (file_name) file_name, dataset, batch_id
        FROM audit.source_files
        WHERE file_name = ANY(%(files)s) AND state IN ('landed', 'seen')
        ORDER BY file_name, recorded_at DESC
    )
    SELECT DISTINCT ON (file_name)
        file_name, dataset, batch_id, source_records, clean_records, quarantined_records, duplicate_records,
        source_cents, clean_cents, quarantined_cents, duplicate_cents
    FROM held INNER JOIN audit.batch_ledger USING (dataset, batch_id)
    ORDER BY file_name, judged_at DESC
"""
_REASONS = sql.SQL(
    """
    SELECT {rule} AS rule, COUNT(*)
    FROM quarantine.records, JSONB_ARRAY_ELEMENTS_TEXT(reasons) AS reason
    WHERE dataset = %(dataset)s AND batch_id = %(batch_id)s
    GROUP BY 1
    ORDER BY 1
    """
).format(rule=RULE_OF_REASON)
_QUARANTINED = "SELECT COUNT(*) FROM quarantine.records WHERE dataset = %(dataset)s AND batch_id = %(batch_id)s"


def files_read(connection: Connection) -> list[str]:
    """Names of the files whose records a run has read."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT file_name FROM audit.source_files WHERE state IN ('landed', 'seen')")
        return [name for (name,) in cursor.fetchall()]


def measure(connection: Connection, wanted: Figures) -> Figures:
    """Measure in the warehouse, in one snapshot, the figures that the answer names; the same shape as the answer."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        files, quarantined = _measure_files(cursor, list(wanted["files"]))
        tables = {
            name: {"rows": quarantined} if name == QUARANTINE else _measure_table(cursor, name, figures)
            for name, figures in wanted["tables"].items()
        }
    return {"files": files, "tables": tables}


def _measure_files(cursor: Cursor, names: list[str]) -> tuple[Figures, int]:
    """Ledger and reasons of each file that was read, and the quarantined records of all of them."""
    cursor.execute(_LEDGERS, {"files": names})
    files: Figures = {}
    all_quarantined = 0
    for name, dataset, batch_id, records, clean, quarantined, duplicates, *cents in cursor.fetchall():
        files[name] = {
            "dataset": dataset,
            "records": records,
            "clean": clean,
            "quarantined": quarantined,
            "duplicates": duplicates,
            **dict(zip(("source_cents", "clean_cents", "quarantined_cents", "duplicate_cents"), cents, strict=True)),
        }
        batch = {"dataset": dataset, "batch_id": batch_id}
        cursor.execute(_REASONS, batch)
        files[name]["reasons"] = dict(cursor.fetchall())
        cursor.execute(_QUARANTINED, batch)
        all_quarantined += cursor.fetchall()[0][0]
    return files, all_quarantined


def _measure_table(cursor: Cursor, name: str, figures: dict[str, Any]) -> Figures:
    """Rows, sums and counts of one table, in one pass over it."""
    templates = {
        "sums": "COALESCE(SUM({}), 0)",
        "is_true": "COUNT(*) FILTER (WHERE {})",
        "unknown": "COUNT(*) FILTER (WHERE {} = -1)",
    }
    wanted = [(group, column) for group in templates for column in figures.get(group, {})]
    expressions = [sql.SQL(templates[group]).format(sql.Identifier(column)) for group, column in wanted]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join([sql.SQL("COUNT(*)"), *expressions]), sql.Identifier(*name.split("."))
    )
    cursor.execute(query)
    rows, *values = cursor.fetchall()[0]
    measured: Figures = {"rows": rows}
    for (group, column), value in zip(wanted, values, strict=True):
        measured.setdefault(group, {})[column] = str(value)
    return measured
