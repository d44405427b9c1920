"""What Spark's drivers and executors log tells what failed, and nothing about a person."""

import os
import subprocess
import sys
from pathlib import Path

from stack.local import java
from tests.integration.pipeline import PROJECT

FAILING = """
import sys
from pyspark.sql import SparkSession
from batch_etl.run import start_session

options, folder = sys.argv[1:]
own = {"spark.ui.enabled": "false", "spark.driver.extraJavaOptions": options}
SparkSession.builder.master("local[2]").config(map=own).getOrCreate()
spark = start_session("people")
people = spark.createDataFrame([("ann@example.org",), ("bob@example.org",)], "email string")
people.write.parquet(f"{folder}/people")
spark.read.parquet(f"{folder}/people").createOrReplaceTempView("people")
for function in ("INT", "PARSE_JSON", "RAISE_ERROR"):
    try:
        spark.sql(f"SELECT {function}(email) AS n FROM people").write.parquet(f"{folder}/{function}")
    except Exception:
        continue
    raise AssertionError(function)
"""


def test_spark_logs_what_failed_and_no_value(tmp_path: Path) -> None:
    log = tmp_path / "spark.log"
    options = f"-Dlog4j2.configurationFile=file:{PROJECT}/config/log4j2.properties -Dpipeline.spark.log={log}"
    command = [sys.executable, "-c", FAILING, options, str(tmp_path)]
    environ = {**os.environ, "JAVA_HOME": str(java.java_home())}

    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    texts = {"log": log.read_text(encoding="utf-8"), "standard error": done.stderr}
    assert [name for name, text in texts.items() if "example.org" in text or "'ann'" in text] == []
    told = "org.apache.spark.SparkNumberFormatException: [CAST_INVALID_INPUT] ***\n\tat org."
    assert [name for name, text in texts.items() if told not in text] == []
