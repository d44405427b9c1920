"""`./etl sources` and `contents`: what was read and what is published, to be compared by programs."""

from typing import Any

import typer
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.cli.output import AsJson, print_answer
from batch_etl.settings import Settings
from batch_etl.stores import history, warehouse

# Not landed ones only: a try that was killed may have landed what its next one has seen.
_SOURCES = """
    SELECT file_name, dataset, batch_id, records, landed_at
    FROM (
        SELECT DISTINCT ON (dataset, batch_id) file_name, dataset, batch_id, records, recorded_at AS landed_at
        FROM audit.source_files
        WHERE state IN ('landed', 'seen')
        ORDER BY dataset, batch_id, recorded_at, state, file_name
    ) AS first_found
    ORDER BY landed_at, file_name
"""
# A sum, as the order of rows means nothing. 60 bits of a row's hash fit a bigint; their sum is numeric.
_CONTENT = """
    SELECT
        COUNT(*) AS rows,
        COALESCE(SUM(('x' || LEFT(MD5(published::text), 15))::bit(60)::bigint), 0)::text AS hash
    FROM {} AS published
"""


def register(app: typer.Typer) -> None:
    app.command()(sources)
    app.command()(contents)


def sources(*, as_json: AsJson = False) -> None:
    """List the files whose records were read, with their number, in the order of their arrival."""
    with warehouse.connect(_dsn(), application_name="sources") as connection, connection, connection.cursor() as cursor:
        found = warehouse.fetch_rows(cursor, _SOURCES)
    lines = [f"{row['landed_at']:%Y-%m-%d %H:%M}  {row['records']:>12,}  {row['file_name']}" for row in found]
    print_answer(found, lines or ["nothing was read yet"], as_json=as_json)


def contents(*, as_json: AsJson = False) -> None:
    """Give the release, and the rows and a hash of each published table: the same hash, the same rows."""
    with (
        warehouse.connect(_dsn(), application_name="contents") as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        newest = warehouse.fetch_value(cursor, "SELECT MAX(release) FROM audit.releases")
        tables = {name: _content(cursor, name) for name in history.published_tables(cursor)}
    told = {"release": newest, "tables": tables}
    lines = [
        f"release {newest or 'none yet'}",
        *(f"  {name:<28} {t['rows']:>12,}  {t['hash']}" for name, t in tables.items()),
    ]
    print_answer(told, lines, as_json=as_json)


def _content(cursor: Cursor, table: str) -> dict[str, Any]:
    cursor.execute(sql.SQL(_CONTENT).format(sql.Identifier(*table.split("."))))
    rows, content = cursor.fetchall()[0]
    return {"rows": rows, "hash": content}


def _dsn() -> str:
    return Settings().warehouse_dsn.get_secret_value()
