"""The Spark settings that a container writes for itself."""

from stack.images.write_spark_properties import container_properties

ENVIRONMENT = {
    "PIPELINE_HOME": "/opt/pipeline",
    "PYSPARK_PYTHON": "/opt/venv/bin/python",
    "SPARK_AOT_CACHE": "/opt/spark.aot",
    "SPARK_SECRET": "s3cret",
}


def test_a_container_adds_secret_paths_and_the_ahead_of_time_cache() -> None:
    lines = dict(
        line.split(maxsplit=1) for line in container_properties(ENVIRONMENT).splitlines() if line.startswith("spark.")
    )
    assert lines["spark.authenticate"] == "true"
    assert lines["spark.authenticate.secret"] == "s3cret"
    assert lines["spark.executorEnv.PYTHONPATH"] == "/opt/pipeline/spark:/opt/pipeline"
    for role in ("driver", "executor"):
        options = lines[f"spark.{role}.extraJavaOptions"]
        assert "-XX:AOTCache=/opt/spark.aot" in options
        assert f"-Dpipeline.spark.log=/opt/pipeline/data/logs/spark-{role}.log" in options
