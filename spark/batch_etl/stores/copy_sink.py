"""Spark's way into staging: executors COPY Arrow batches, the driver keeps only the attempts that Spark reports.

Each task writes into a table of its own. Committing makes it a child of the staging table (INHERIT), which moves no
row; a task that was tried twice, or ran twice by speculation, leaves one child and one table that is dropped.
"""

import io
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg2
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, WriterCommitMessage
from pyspark.sql.types import StructType

# Backslash first: the others put backslashes in. In COPY's text format a lone \. can then not stand in the data.
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"))


def as_copy_text(batch: pa.RecordBatch) -> bytes:
    r"""Render rows in the text format of COPY: tabs between, \N for null, every special character escaped."""
    columns = [_escaped(column) for column in batch.columns]
    lines = pc.binary_join_element_wise(*columns, "\t", null_handling="replace", null_replacement="\\N")
    return ("\n".join(lines.to_pylist()) + "\n").encode("utf-8")


def _escaped(column: pa.Array) -> pa.Array:
    text = column.cast(pa.string())
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return text
    for character, escape in _ESCAPES:
        text = pc.replace_substring(text, character, escape)
    return text


@dataclass
class CopiedTable(WriterCommitMessage):
    """The table that one attempt of a task filled."""

    name: str


class PostgresCopy(DataSource):
    """Data source "postgres_copy". Options: secret_dsn, and table: one in staging that stands and has these columns."""

    @classmethod
    def name(cls) -> str:
        return "postgres_copy"

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceArrowWriter:  # noqa: ARG002
        return _CopyWriter(self.options["secret_dsn"], self.options["table"], schema.fieldNames())


class _CopyWriter(DataSourceArrowWriter):
    def __init__(self, dsn: str, table: str, columns: Sequence[str]) -> None:
        self._dsn = dsn
        self._table = table
        self._columns = columns

    def write(self, iterator: Iterator[pa.RecordBatch]) -> CopiedTable:
        attempt = f"{self._table}_{uuid.uuid4().hex[:12]}"
        create = sql.SQL("CREATE TABLE staging.{} (LIKE staging.{})")
        copy = sql.SQL("COPY staging.{} ({}) FROM STDIN")
        columns = sql.SQL(", ").join(map(sql.Identifier, self._columns))
        with self._transaction() as cursor:
            cursor.execute(create.format(sql.Identifier(attempt), sql.Identifier(self._table)))
            for batch in iterator:
                if batch.num_rows:
                    command = copy.format(sql.Identifier(attempt), columns).as_string(cursor)
                    cursor.copy_expert(command, io.BytesIO(as_copy_text(batch)))
        return CopiedTable(attempt)

    def commit(self, messages: list[WriterCommitMessage | None]) -> None:
        adopt = sql.SQL("ALTER TABLE staging.{} INHERIT staging.{}")
        with self._transaction() as cursor:
            for message in messages:
                if isinstance(message, CopiedTable):
                    cursor.execute(adopt.format(sql.Identifier(message.name), sql.Identifier(self._table)))

    def abort(self, messages: list[WriterCommitMessage | None]) -> None:
        with self._transaction() as cursor:
            for message in messages:
                if isinstance(message, CopiedTable):
                    cursor.execute(sql.SQL("DROP TABLE IF EXISTS staging.{}").format(sql.Identifier(message.name)))

    @contextmanager
    def _transaction(self) -> Iterator[Cursor]:
        connection = psycopg2.connect(self._dsn, application_name=f"copy {self._table}"[:63])
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()
