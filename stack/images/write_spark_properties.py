"""Write the Spark settings of a container to $SPARK_PROPERTIES_FILE; entrypoint.sh runs this before all else."""

import os
from pathlib import Path

from stack.private_file import write_private
from stack.spark_properties import java_options, render


def container_properties(environ: dict[str, str]) -> str:
    home = environ["PIPELINE_HOME"]
    logs = f"{home}/data/logs"
    # Trained for this image's Java and jars; Java ignores the file where they do not fit.
    aot = f"-XX:AOTCache={environ['SPARK_AOT_CACHE']}"
    extra = {
        f"spark.{role}.extraJavaOptions": f"{java_options(home, f'{logs}/spark-{role}.log')} {aot}"
        for role in ("driver", "executor")
    }
    # Workers have addresses of the containers' network: a browser reaches their pages through the master's.
    extra["spark.ui.reverseProxy"] = "true"
    return render(secret=environ["SPARK_SECRET"], home=home, logs=logs, python=environ["PYSPARK_PYTHON"], extra=extra)


if __name__ == "__main__":
    write_private(Path(os.environ["SPARK_PROPERTIES_FILE"]), container_properties(dict(os.environ)))
