"""How a part of a mart comes into staging: one writer reads its files and fills a table of its own.

A month is made as the partition that it may become: with its keys, its indexes and the proof of its bounds. Whoever
tries again fills another table; which one counts is known only to the driver.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from pyarrow import parquet

from batch_etl.errors import LoadFailed
from batch_etl.stores import warehouse
from batch_etl.stores.copy_binary import as_copy_binary
from batch_etl.stores.difference import Table, columns_named
from batch_etl.stores.lake import open_part
from batch_etl.stores.loads import StagedPart, in_parts
from batch_etl.stores.mart_parts import WHOLE, files_added, month_folders
from batch_etl.stores.staging import staging_name
from batch_etl.stores.visible_parts import Parts

BOUNDS = "month_bounds"
_BATCH_ROWS = 65_536
_BATCH_BYTES = 32 * 1024 * 1024
_SEND_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Part:
    """A table of a mart, or one month of it, and the Parquet files that hold it.

    on_top_of  as of StagedPart
    """

    table: Table
    month: str
    files: tuple[Path, ...]
    on_top_of: str = ""

    @property
    def size(self) -> int:
        return sum(file.stat().st_size for file in self.files)


def parts_of(table: Table, folder: Path) -> list[Part]:
    """The parts of a table that stands in this folder. Raises LoadFailed where it has no room for a column."""
    places = month_folders(folder) if table.month_column else {WHOLE: folder}
    found = [Part(table, month, tuple(sorted(place.rglob("*.parquet")))) for month, place in places.items()]
    for file in (file for part in found[:1] for file in part.files[:1]):
        for column in parquet.read_schema(file):
            _require_room(table, column)
    return found


def _require_room(table: Table, column: pa.Field) -> None:
    if column.name not in table.columns:
        fix = "./etl init adds it"
        if not table.name.startswith("core."):
            fix = "add it to sql/create_tables.sql by ALTER TABLE … ADD COLUMN IF NOT EXISTS, then ./etl init"
        raise LoadFailed(f"warehouse: {table.name} has no column {column.name}; {fix}")
    # PostgreSQL rounds without a word.
    scale = column.type.scale if pa.types.is_decimal(column.type) else 0
    if scale > table.scales.get(column.name, scale):
        raise LoadFailed(
            f"warehouse: {table.name}.{column.name} keeps {table.scales[column.name]} digits behind the point, the "
            f"mart has {scale}; CAST it in its query, or give it more in sql/create_tables.sql and by ALTER TABLE"
        )


def what_comes_on_top(part: Part, visible: Parts) -> Part:
    """Of a part of which readers see the first files, the others; else all of it."""
    seen = visible.get(part.table.name, {}).get(part.month, "")
    added = files_added(part.files, seen) if seen else ()
    return replace(part, files=tuple(added), on_top_of=seen) if added else part


def stage_parts(parts: Sequence[Part], folder: Path, *, dsn: str, who: str, token: int) -> list[StagedPart]:  # noqa: ARG001 - a task that writes to a database needs no folder
    """The work of a task: bring each of these parts into staging, in a transaction of its own."""
    with warehouse.connect(dsn, application_name=who) as connection:
        return [_stage(connection, part, token) for part in parts]


def _stage(connection: Connection, part: Part, token: int) -> StagedPart:
    with connection, connection.cursor() as cursor:
        name = create_part(cursor, part.table, part.month, token)
        rows, sums = _fill(cursor, part, name)
        finish_part(cursor, part.table, part.month, name)
    told = {column: str(total) for column, total in sums.items()}
    return StagedPart(part.table.name, part.month, name, rows, told, part.on_top_of)


def create_part(cursor: Cursor, table: Table, month: str, token: int) -> str:
    """Make an empty table in staging for one try at a part; returns its name."""
    name = f"{staging_name(table.name, token)}_{uuid.uuid4().hex[:12]}"
    place = sql.Identifier("staging", name)
    like = sql.SQL("" if month == WHOLE else "INCLUDING CONSTRAINTS")
    cursor.execute(sql.SQL("CREATE TABLE {} (LIKE {} {})").format(place, table.identifier, like))
    if month != WHOLE:
        # Every row is held against it as it comes; attaching the table as a partition then reads none.
        check = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({})")
        cursor.execute(check.format(place, sql.Identifier(BOUNDS), in_parts(table, [month])))
    return name


def finish_part(cursor: Cursor, table: Table, month: str, name: str) -> None:
    """Give a filled table what a partition has: made now, for all rows at once and before anybody waits for it."""
    place = sql.Identifier("staging", name)
    if month != WHOLE:
        # The other cores have parts of their own.
        cursor.execute("SET LOCAL max_parallel_maintenance_workers = 0")
        key = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} PRIMARY KEY ({})")
        cursor.execute(key.format(place, sql.Identifier(f"{name}_pkey"), columns_named(table.key)))
        _create_indexes(cursor, table, place)
    # The planner of the checks would look a million rows up one by one. Only a month may come to be read by others.
    columns = sql.SQL("") if month != WHOLE else sql.SQL("({})").format(columns_named(table.key))
    cursor.execute(sql.SQL("ANALYZE {} {}").format(place, columns))


def _create_indexes(cursor: Cursor, table: Table, place: sql.Identifier) -> None:
    """The indexes that somebody made by hand: without them, attaching the month would have to make them."""
    cursor.execute(
        r"""
        SELECT REGEXP_REPLACE(
            PG_GET_INDEXDEF(indexrelid),
            '^CREATE (UNIQUE )?INDEX ("[^"]+"|\S+) ON (ONLY )?\S+ ',
            'CREATE \1INDEX ON ' || %s || ' '
        )
        FROM pg_index
        WHERE indrelid = %s::regclass AND NOT indisprimary
        """,
        (place.as_string(cursor), table.name),
    )
    for (definition,) in cursor.fetchall():
        cursor.execute(definition)


def _fill(cursor: Cursor, part: Part, name: str) -> tuple[int, dict[str, Decimal]]:
    rows, sums = 0, dict.fromkeys(part.table.money, Decimal(0))
    for batch in _batches(part.files):
        # Frozen at once: the table was made by this transaction, and no vacuum will have to write it again.
        command = sql.SQL("COPY staging.{} ({}) FROM STDIN (FORMAT binary, FREEZE)").format(
            sql.Identifier(name), columns_named(batch.schema.names)
        )
        rendered = BytesIO(as_copy_binary(batch, part.table))
        cursor.copy_expert(command.as_string(cursor), rendered, size=_SEND_BYTES)
        rows += batch.num_rows
        for column in sums.keys() & set(batch.schema.names):
            sums[column] += pc.sum(batch.column(column)).as_py() or 0
    return rows, sums


def _batches(files: Sequence[Path]) -> Iterator[pa.RecordBatch]:
    for file in files:
        with open_part(file) as rows:
            group_bytes = sum(rows.metadata.row_group(group).total_byte_size for group in range(rows.num_row_groups))
            row_bytes = group_bytes // max(rows.metadata.num_rows, 1) + 1
            # Spark's tasks are as many as there are cores; each keeps to its own.
            size = max(1, min(_BATCH_ROWS, _BATCH_BYTES // row_bytes))
            yield from rows.iter_batches(batch_size=size, use_threads=False)
