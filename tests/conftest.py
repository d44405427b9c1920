"""What tests stand on: a real PostgreSQL, a real Spark session, and a project folder of their own."""

import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg2
import pytest
from psycopg2 import sql

from stack.local import postgres, unprivileged

PROJECT = Path(__file__).resolve().parents[1]
# Executors are processes of their own: what they import, they find here.
os.environ["PYTHONPATH"] = f"{PROJECT / 'spark'}{os.pathsep}{PROJECT}"
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL of the tests' own; gives the DSN of its database postgres."""
    folder = tmp_path_factory.mktemp("postgres")
    data, port = folder / "data", free_port()
    data.mkdir(mode=0o700)
    uid = unprivileged.owner_uid()
    if uid is not None:
        # pytest's folders are closed to others, and Postgres does not run as root.
        for closed in [data, *data.parents[:4]]:
            closed.chmod(0o755) if closed != data else os.chown(data, uid, uid)
    initdb, server = postgres.program("initdb"), postgres.program("postgres")
    subprocess.run(
        [*unprivileged.prefix(initdb), initdb, "-D", data, "-U", "airflow", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
    )
    options = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*unprivileged.prefix(server), server, "-D", data, *settings], stderr=log)
    ready = [postgres.program("pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-t", "1"]
    while subprocess.run(ready, check=False, capture_output=True).returncode:
        assert process.poll() is None, (folder / "log").read_text()
    yield f"postgresql://airflow@127.0.0.1:{port}/postgres"
    process.terminate()
    process.wait(timeout=60)


@pytest.fixture
def warehouse_dsn(postgres_server: str) -> Iterator[str]:
    """A database with the tables of sql/create_tables.sql and nothing in them."""
    name = f"warehouse_{uuid.uuid4().hex[:12]}"
    _administer(postgres_server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    dsn = postgres_server.rsplit("/", 1)[0] + f"/{name}"
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))
    connection.close()
    yield dsn
    _administer(postgres_server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(dsn: str, statement: sql.Composed) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


@pytest.fixture
def query(warehouse_dsn: str) -> Iterator[Callable[..., list[tuple]]]:
    """Run a statement in the warehouse and give its rows."""
    connection = psycopg2.connect(warehouse_dsn)
    connection.autocommit = True

    def run(statement: str, *values: object) -> list[tuple]:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    yield run
    connection.close()


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
def spark() -> Iterator[object]:
    """A Spark session in this process, small and quick to start."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only the tests that ask for it wait for it

    builder = SparkSession.builder.master("local[2]").appName("tests")
    options = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.log.level": "ERROR",
    }
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
    shutil.rmtree(PROJECT / "spark-warehouse", ignore_errors=True)
