"""A cluster of Spark's own for the benchmarks, as the stack has one: workers of one core, a session on some of them."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyspark
from pyspark.sql import SparkSession

from stack.layout import CONFIG
from stack.local import aot
from stack.spark_properties import daemon_java_options
from tests.server import free_port

_WORKERS = 2
_START_SECONDS = 120
_EXECUTOR_MEMORY = "2g"
MASTER = "BENCH_SPARK_MASTER"


@contextmanager
def running_cluster(folder: Path, environ: dict[str, str]) -> Iterator[str]:
    """Start master and workers; gives the master's address. Their logs and work lie in the folder."""
    address = f"spark://127.0.0.1:{free_port()}"
    port = address.rpartition(":")[2]
    worker = [
        "worker.Worker",
        "--cores",
        "1",
        "--memory",
        _EXECUTOR_MEMORY,
        "--work-dir",
        str(folder / "work"),
        address,
    ]
    processes = []
    try:
        for daemon, *arguments in [["master.Master", "--port", port], *[worker] * _WORKERS]:
            log = (folder / f"{daemon}.log").open("ab")
            command = [_spark_class(), f"org.apache.spark.deploy.{daemon}", "--host", "127.0.0.1", "--webui-port", "0"]
            processes.append(subprocess.Popen([*command, *arguments], env=environ, stdout=log, stderr=log))
            _wait_for(int(port))
        yield address
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def stage_settings() -> dict[str, str]:
    """How a stage of the pipeline computes, wherever its session is: as the stack starts it.

    Classes are loaded ahead of time where a local start has made their file.
    """
    lines = (CONFIG / "spark-defaults.conf").read_text(encoding="utf-8").splitlines()
    settings = (line.split(maxsplit=1) for line in lines)
    committed = {pair[0]: pair[1].strip() for pair in settings if pair}
    java = daemon_java_options(str(aot.made_cache() or ""))
    return {
        **{name: value for name, value in committed.items() if name.startswith(("spark.sql", "spark.hadoop"))},
        **dict.fromkeys(("spark.driver.extraJavaOptions", "spark.executor.extraJavaOptions"), java),
    }


def started_session(executors: int, **more: str) -> SparkSession:
    """A session on so many executors of one core, all of them there. What it takes to start is part of no stage."""
    options = {
        "spark.cores.max": str(executors),
        "spark.executor.cores": "1",
        "spark.executor.memory": _EXECUTOR_MEMORY,
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.executorEnv.PYTHONPATH": os.pathsep.join(sys.path),
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.sql.shuffle.partitions": "8",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        **more,
    }
    builder = SparkSession.builder.master(os.environ[MASTER]).appName("chain")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.range(executors).repartition(executors).count()
    return session


def jdbc_jar() -> str:
    """PostgreSQL's driver, where Maven keeps it."""
    jars = sorted((Path.home() / ".m2/repository/org/postgresql/postgresql").glob("*/postgresql-*.jar"))
    assert jars, "no driver here; get it by: mvn dependency:get -Dartifact=org.postgresql:postgresql:42.7.13"
    return str(jars[-1])


def _wait_for(port: int) -> None:
    """Wait for the master: whoever asks before it listens waits for 20 seconds before it asks again."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise TimeoutError(f"no Spark master on port {port} after {_START_SECONDS} s")


def _spark_class() -> str:
    return str(Path(pyspark.__file__).parent / "bin/spark-class")
