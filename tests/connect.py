"""A Spark Connect server of the tests' own."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyspark

from stack.local import java
from stack.ports import is_free
from stack.waiting import wait_until
from tests.server import free_port

TOKEN = "known-to-the-tests"


@contextmanager
def running_connect_server(folder: Path) -> Iterator[str]:
    """Give its address, with the token that it asks for."""
    port, home = free_port(), Path(pyspark.__file__).parent
    options = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.authenticate.token": TOKEN,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
    }
    settings = [word for option, value in options.items() for word in ("--conf", f"{option}={value}")]
    server = "org.apache.spark.sql.connect.service.SparkConnectServer"
    command = [home / "bin/spark-submit", "--master", "local[2]", "--class", server, *settings]
    environ = {**os.environ, "JAVA_HOME": str(java.java_home()), "SPARK_HOME": str(home)}
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
    try:
        has_begun = wait_until(lambda: not is_free("127.0.0.1", port), limit_seconds=180, every_seconds=0.2)
        assert has_begun, (folder / "server.log").read_text()
        yield f"sc://127.0.0.1:{port}/;authorization=Bearer%20{TOKEN}"
    finally:
        process.terminate()
        process.wait(timeout=60)
