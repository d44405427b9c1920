"""What tests stand on: a real PostgreSQL, a real Spark session, and a project folder of their own."""

import logging
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import psycopg2
import pytest
from psycopg2 import sql

from stack import databases
from stack.local import java
from tests.drawing import read_drawing
from tests.server import running_server

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PROJECT = Path(__file__).resolve().parents[1]
# Executors are processes of their own: what they import, they find here.
os.environ["PYTHONPATH"] = f"{PROJECT / 'spark'}{os.pathsep}{PROJECT}"
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
# Their INFO is about sockets, and the last of it comes when pytest has closed what it captured.
logging.getLogger("py4j").setLevel(logging.WARNING)
# The same examples every time, and no example fails because the machine is busy.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of the tests' own, with the roles of the stack; gives the DSN of its database postgres."""
    with running_server() as server:
        with statements(server.dsn) as run:
            for statement in databases.role_statements({"loader": "trusted", "reader": "trusted"}):
                run(statement)
        yield server.dsn


@pytest.fixture(scope="session")
def clone_database(postgres_server: str) -> Callable[..., str]:
    """Make a database as a copy of another one, by name; gives its DSN."""

    def clone(*, template: str = "template1") -> str:
        name = f"warehouse_{uuid.uuid4().hex[:12]}"
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        _administer(postgres_server, statement.format(sql.Identifier(name), sql.Identifier(template)))
        return postgres_server.rsplit("/", 1)[0] + f"/{name}"

    return clone


@pytest.fixture(scope="session")
def empty_warehouse(clone_database: Callable[..., str]) -> str:
    """The name of a database with the tables of sql/create_tables.sql and nothing in them."""
    dsn = clone_database()
    with closing(psycopg2.connect(dsn)) as connection, connection, connection.cursor() as cursor:
        cursor.execute((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))
    return dsn.rsplit("/", 1)[1]


@pytest.fixture
def warehouse_dsn(postgres_server: str, clone_database: Callable[..., str], empty_warehouse: str) -> Iterator[str]:
    """A warehouse of this test's own: every table, no row."""
    dsn = clone_database(template=empty_warehouse)
    yield dsn
    drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(dsn.rsplit("/", 1)[1]))
    _administer(postgres_server, drop)


def _administer(dsn: str, statement: sql.Composed) -> None:
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def statements(dsn: str) -> Iterator[Callable[..., list[tuple]]]:
    """Give a function that runs a statement, at once and for good, and gives its rows."""
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True

        def run(statement: str | sql.Composed, *values: object) -> list[tuple]:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

        yield run


@pytest.fixture
def query(warehouse_dsn: str) -> Iterator[Callable[..., list[tuple]]]:
    """Run a statement in the warehouse and give its rows."""
    with statements(warehouse_dsn) as run:
        yield run


@pytest.fixture
def project(tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with this one's code, contracts and SQL, and data folders of its own."""
    for part in ("config", "sql", "spark"):
        (tmp_path / part).symlink_to(PROJECT / part)
    (tmp_path / "data/raw").mkdir(parents=True)
    monkeypatch.setenv("PIPELINE_HOME", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse_dsn)
    return tmp_path


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """A Spark session in this process, small and quick to start."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only the tests that ask for it wait for it

    os.environ["JAVA_HOME"] = str(java.java_home())
    builder = SparkSession.builder.master("local[2]").appName("tests")
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark-warehouse")),
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.log.level": "ERROR",
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def table(spark: "SparkSession") -> "Callable[..., DataFrame]":
    """Turn a drawn table into a DataFrame of strings; types can be given by name: table("…", quantity="int")."""

    def draw(drawing: str, **types: str) -> "DataFrame":
        names, rows = read_drawing(drawing)
        drawn = spark.createDataFrame(rows, ", ".join(f"`{name}` string" for name in names))
        return drawn.selectExpr(*(f"CAST(`{name}` AS {types.get(name, 'string')}) AS `{name}`" for name in names))

    return draw
