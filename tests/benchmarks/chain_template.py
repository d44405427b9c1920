"""The chain as most templates have it: four Spark jobs, schemas inferred, CSV between them, JDBC into PostgreSQL.

Of what such templates do, nothing is done worse here than they do it; the rules are the pipeline's.
"""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F  # noqa: N812

from tests.benchmarks.chain_sql import SPARK, cleaning, marts, quarantined, star
from tests.benchmarks.contender import Task, run_stages
from tests.benchmarks.spark_cluster import jdbc_jar, started_session


def ingest(task: Task, spark: SparkSession) -> None:
    for name, contract in task.contracts.items():
        # Strings: what inferSchema makes of a column with one bad value is a string anyway, after another pass.
        reader = spark.read.option("header", True).option("escape", '"').option("primitivesAsString", True)
        source = str(task.source(name))
        records = reader.json(source) if contract.file_format == "json" else reader.csv(source)
        missing = {
            column: F.lit(None).cast("string") for column in contract.column_names if column not in records.columns
        }
        records = records.withColumns(missing).withColumn("_record_number", F.monotonically_increasing_id())
        _write(task, f"ingested_{name}", records.select(*contract.column_names, "_record_number"))


def clean(task: Task, spark: SparkSession) -> None:
    for name, contract in task.contracts.items():
        _read(task, spark, f"ingested_{name}", infer=False)
        for table, query in cleaning(contract, SPARK):
            spark.sql(query).createOrReplaceTempView(table)
        _write(task, f"clean_{name}", spark.table(f"clean_{name}"))
    _write(task, "quarantine", spark.sql(quarantined([*task.contracts])))


def transform(task: Task, spark: SparkSession) -> None:
    for name in task.contracts:
        _read(task, spark, f"clean_{name}", infer=True)
    for table, query in [*star(task.contracts, SPARK), *marts(SPARK)]:
        _write(task, table, spark.sql(query))
        # The next query reads what was written, not everything before it once more.
        _read(task, spark, table, infer=True)


def load(task: Task, spark: SparkSession) -> None:
    url = "jdbc:" + task.dsn.replace("airflow@", "") + "?user=airflow&stringtype=unspecified&reWriteBatchedInserts=true"
    for table, columns in task.tables.items():
        _read(task, spark, table, infer=True)
        rows = spark.table(table).select(*columns)
        rows.write.mode("append").option("driver", "org.postgresql.Driver").jdbc(url, f"bench.{table}")


def _write(task: Task, table: str, rows: object) -> None:
    rows.write.mode("overwrite").option("header", True).option("escape", '"').csv(str(task.folder / table))  # type: ignore[attr-defined]


def _read(task: Task, spark: SparkSession, table: str, *, infer: bool) -> None:
    reader = spark.read.option("header", True).option("escape", '"').option("inferSchema", infer)
    reader.csv(str(task.folder / table)).createOrReplaceTempView(table)


if __name__ == "__main__":
    given = Task.from_arguments()
    session = started_session(given.executors, **{"spark.jars": jdbc_jar()})
    run_stages(given, {"ingest": ingest, "clean": clean, "transform": transform, "load": load}, session)
