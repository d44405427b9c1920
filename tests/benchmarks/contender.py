"""What the contenders share: their task, the clock of their stages, and the way into PostgreSQL."""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from batch_etl.contract import Contract
from batch_etl.contracts.reader import read_contracts

PROJECT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Task:
    """A folder for what is in between, source files, a database with tables to fill, and executors.

    after  None to run every stage
    """

    folder: Path
    sources: Path
    dsn: str
    executors: int
    after: int | None = None

    @classmethod
    def from_arguments(cls) -> "Task":
        parser = argparse.ArgumentParser()
        for name, kind in (("folder", Path), ("sources", Path), ("dsn", str), ("executors", int)):
            parser.add_argument(name, type=kind)
        parser.add_argument("--after", type=int, help="run the one stage that comes after so many")
        return cls(**vars(parser.parse_args()))

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        return read_contracts(PROJECT / "config/contracts")

    @cached_property
    def tables(self) -> dict[str, list[str]]:
        """What is to be filled: tables and their columns."""
        with closing(psycopg2.connect(self.dsn)) as connection, connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT table_name, ARRAY_AGG(column_name::text ORDER BY ordinal_position)
                FROM information_schema.columns WHERE table_schema = 'bench' GROUP BY table_name
                """
            )
            return dict(cursor.fetchall())

    def source(self, dataset: str) -> Path:
        return next(self.sources.glob(f"{dataset}_1.*"))


def run_stages(task: Task, stages: Mapping[str, Callable[[Task, Any], None]], state: Any) -> None:
    """Run all stages, or the one that was asked for, and print what each of them took."""
    chosen = list(stages) if task.after is None else list(stages)[task.after : task.after + 1]
    seconds = {}
    for name in chosen:
        started = time.perf_counter()
        stages[name](task, state)
        seconds[name] = round(time.perf_counter() - started, 2)
    print(json.dumps(seconds))


def copy_file(task: Task, table: str, file: Path) -> None:
    """Fill a table from a CSV file without header, its columns in the table's order."""
    copy = sql.SQL("COPY bench.{} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, task.tables[table]))
    )
    connection = psycopg2.connect(task.dsn)
    with closing(connection), connection, connection.cursor() as cursor, file.open("rb") as rows:
        cursor.copy_expert(copy, rows)
