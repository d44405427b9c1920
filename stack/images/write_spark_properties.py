"""Write the Spark settings of a container to $SPARK_PROPERTIES_FILE; entrypoint.sh runs this before all else."""

import os
from pathlib import Path

from stack.private_file import write_private
from stack.spark_properties import render


def container_properties(environ: dict[str, str]) -> str:
    home = environ["PIPELINE_HOME"]
    return render(
        secret=environ["SPARK_SECRET"],
        home=home,
        logs=f"{home}/data/logs",
        python=environ["PYSPARK_PYTHON"],
        aot_cache=environ["SPARK_AOT_CACHE"],
        # Workers have addresses of the containers' network: a browser reaches their pages through the master's.
        extra={"spark.ui.reverseProxy": "true"},
    )


if __name__ == "__main__":
    write_private(Path(os.environ["SPARK_PROPERTIES_FILE"]), container_properties(dict(os.environ)))
