"""Spark's own way into PostgreSQL, as its manual shows it; prints the seconds of the write.

usage: python -m tests.benchmarks.jdbc_loading PARQUET_FOLDER DSN TABLE
"""

import sys
import time
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from tests.benchmarks.spark_cluster import jdbc_jar


def main(folder: str, dsn: str, table: str) -> None:
    session = SparkSession.builder.master("local[2]").config("spark.jars", jdbc_jar())
    session = session.config("spark.ui.enabled", "false")
    session = session.config("spark.sql.session.timeZone", "UTC").config("spark.log.level", "ERROR")
    sales = session.getOrCreate().read.option("recursiveFileLookup", True).parquet(folder)
    place = urlsplit(dsn)
    url = f"jdbc:postgresql://{place.hostname}:{place.port}{place.path}"
    started = time.perf_counter()
    sales.write.jdbc(
        url, table, mode="append", properties={"user": place.username or "", "driver": "org.postgresql.Driver"}
    )
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])
