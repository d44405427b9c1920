"""Run what the pipeline's jobs consist of, so that Java can store the classes they load.

usage, while the image is built: spark-submit --conf spark.driver.extraJavaOptions=-XX:AOTCacheOutput=FILE train_aot.py

JEP 483 and 514 call it ahead-of-time class loading: a job that starts with -XX:AOTCache=FILE finds its classes parsed
and linked, and a small one takes 17 s of CPU instead of 25.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812 - the name everybody knows it by
from pyspark.sql.window import Window

# The first is what a driver of the cluster loads; in the second the driver's process does an executor's work as well.
MASTERS = ("local-cluster[1,1,1024]", "local[2]")


def type_records(lines: DataFrame) -> DataFrame:
    parsed = lines.where(F.col("value").rlike("^[^,]*,[^,]*,[^,]*$")).select(
        F.from_csv("value", "id STRING, amount STRING, sold_on STRING").alias("record"),
        F.input_file_name().alias("file"),
    )
    return parsed.select(
        "file",
        F.expr("try_cast(record.id AS BIGINT)").alias("id"),
        F.expr("try_cast(record.amount AS DECIMAL(12, 2))").alias("amount"),
        F.try_to_timestamp("record.sold_on", F.lit("yyyy-MM-dd")).alias("sold_at"),
        F.array_compact(F.array(F.when(F.col("record.id").isNull(), "id: missing"))).alias("reasons"),
    )


def work(spark: SparkSession, folder: Path) -> None:
    """Read, type, keep the newest of each key, join, aggregate, and pass rows through Python."""
    (folder / "lines.csv").write_text("".join(f"{n % 3},{n}.25,2026-01-02\n" for n in range(60)), encoding="utf-8")
    typed = type_records(spark.read.text(str(folder / "lines.csv")))
    typed.write.mode("overwrite").partitionBy("id").parquet(str(folder / "typed"))
    stored = spark.read.parquet(str(folder / "typed"))
    newest = F.row_number().over(Window.partitionBy("id").orderBy(F.desc("amount")))
    kept = stored.withColumn("rank", newest).where("rank = 1").join(F.broadcast(stored.groupBy("id").count()), "id")
    kept.createOrReplaceTempView("kept")
    spark.sql("SELECT sold_at, sum(amount) AS total, count(DISTINCT id) AS ids FROM kept GROUP BY sold_at").collect()
    kept.select(F.to_csv(F.struct("id", "amount"))).mapInArrow(pass_on, "line STRING").write.mode("overwrite").text(
        str(folder / "out")
    )
    spark.sparkContext.parallelize(range(4), 2).map(str).collect()


def pass_on(batches: Iterator[Any]) -> Iterator[Any]:
    for batch in batches:
        yield batch.rename_columns(["line"])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        for master in MASTERS:
            session = SparkSession.builder.master(master).getOrCreate()
            work(session, Path(scratch))
            session.stop()
