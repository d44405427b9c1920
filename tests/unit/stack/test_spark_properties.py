"""The properties file that daemons, drivers and executors share."""

import shlex

from stack.spark_properties import render

HOME = "/home/ann/My Projects/pipeline"


def read(text: str) -> dict[str, str]:
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    assert len({key for key, _ in lines}) == len(lines), "a key stands twice"
    return {line[0]: line[1] for line in lines}


def properties(aot_cache: str = "") -> dict[str, str]:
    logs = f"{HOME}/data/logs"
    return read(render(secret="s3cret", home=HOME, logs=logs, python="/venv/bin/python", aot_cache=aot_cache))


def test_nobody_joins_the_cluster_without_the_secret() -> None:
    assert properties()["spark.authenticate"] == "true"
    assert properties()["spark.authenticate.secret"] == "s3cret"
    assert properties()["spark.master.rest.enabled"] == "false"


def test_executors_find_the_package_and_the_python_of_the_driver() -> None:
    assert properties()["spark.executorEnv.PYTHONPATH"] == f"{HOME}/spark:{HOME}"
    assert properties()["spark.pyspark.python"] == "/venv/bin/python"


def test_a_folder_with_a_blank_stays_one_java_option() -> None:
    options = shlex.split(properties()["spark.driver.extraJavaOptions"])
    assert f"-Dpipeline.spark.log={HOME}/data/logs/spark-driver.log" in options
    assert all(option.startswith("-") for option in options)


def test_drivers_and_executors_write_to_files_of_their_own() -> None:
    assert "spark-executor.log" in properties()["spark.executor.extraJavaOptions"]
    assert "spark-executor.log" not in properties()["spark.driver.extraJavaOptions"]


def test_classes_loaded_ahead_of_time_are_named_only_where_they_were_made() -> None:
    # Java complains on the task's log about a file that is not there.
    assert "AOTCache" not in properties()["spark.driver.extraJavaOptions"]
    assert '"-XX:AOTCache=/a b/spark.aot"' in properties(aot_cache="/a b/spark.aot")["spark.driver.extraJavaOptions"]


def test_times_are_in_utc_everywhere() -> None:
    assert properties()["spark.sql.session.timeZone"] == "UTC"
