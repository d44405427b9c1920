"""Whoever sees a run in Airflow, in Spark's UI or in pg_stat_activity sees the same name."""

import os
import subprocess
import sys

import pytest

from stack.local import java
from tests.conftest import PROJECT

# As long as Airflow makes them by itself.
RUN_KEY = "manual__2026-11-21T09:30:00.123456+00:00_Ab3dEf9h"
STAGE = """
import sys
from batch_etl.run import Run
from batch_etl.settings import Settings
run = Run(sys.argv[1], "data_transformation", "all", Settings())
with run.warehouse() as connection, connection.cursor() as cursor:
    cursor.execute("SELECT application_name FROM pg_stat_activity WHERE pid = PG_BACKEND_PID()")
    print(cursor.fetchone()[0])
print(run.spark.sparkContext.appName)
"""


@pytest.mark.usefixtures("project")
def test_spark_and_every_connection_carry_the_run_id_of_airflow() -> None:
    # tests/dags hold that the run key is Airflow's run_id.
    environment = {
        **os.environ,
        "JAVA_HOME": str(java.java_home()),
        "PYSPARK_SUBMIT_ARGS": "--name stage --conf spark.ui.enabled=false --master local[1] pyspark-shell",
    }

    done = subprocess.run(
        [sys.executable, "-c", STAGE, RUN_KEY],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    connection, application = done.stdout.splitlines()
    assert application == f"{RUN_KEY} data_transformation"
    assert connection == application[:63]
    assert connection.startswith(f"{RUN_KEY} ")
