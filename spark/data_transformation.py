"""Stage 3: compute the star and the marts from everything that is clean."""

from functools import reduce
from pathlib import Path

from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.run import Run, StageResult, main
from batch_etl.stores.lake import count_rows, replacing
from batch_etl.stores.mart import Inputs, Manifest, mart_inputs, read_statements
from batch_etl.transforms.star import build_dates, build_dimension, build_sales
from batch_etl.transforms.values import spark_type
from batch_etl.transforms.versions import current_versions

_QUARANTINE_SCHEMA = "_batch_id string, _record_number long, _source_file string, _raw string, _reasons array<string>"


def transform(run: Run) -> StageResult:
    """Write mart/<fingerprint>; where that folder stands, the same inputs gave the same tables before."""
    inputs = mart_inputs(run.lake, run.contracts, run.settings.pipeline_home)
    folder = run.lake.mart(inputs.fingerprint)
    if folder.exists():
        return StageResult(0, 0, {"mart": inputs.fingerprint}, is_nothing_new=True)
    clean = {
        dataset: current_versions(_read_clean(run, dataset, inputs), run.contracts[dataset])
        for dataset in inputs.batches
    }
    with replacing(folder) as beside:
        star = _write_star(run, clean, beside)
        for name, view in (clean | star).items():
            view.createOrReplaceTempView(name)
        for name, statement in read_statements(run.settings.pipeline_home).items():
            run.spark.sql(statement).write.parquet(str(beside / f"marts.{name}"))
        _quarantined(run, inputs).write.parquet(str(beside / "quarantine.records"))
        rows = {table.name: count_rows(table) for table in sorted(beside.iterdir())}
        Manifest(inputs.fingerprint, inputs.batches, rows).write(beside)
    return StageResult(_clean_records(run, inputs), sum(rows.values()), {"mart": inputs.fingerprint, "rows": rows})


def _write_star(run: Run, clean: dict[str, DataFrame], folder: Path) -> dict[str, DataFrame]:
    """Write each table once and hand on what was written: the marts read it instead of computing it again."""

    def written(name: str, table: DataFrame) -> DataFrame:
        table.write.parquet(str(folder / f"core.{name}"))
        return run.spark.read.parquet(str(folder / f"core.{name}"))

    unknown_product = {"product_name": "unknown", "category": "unknown"}
    unknown_customer = {"full_name": "unknown", "segment": "unknown"}
    customers = written("dim_customer", build_dimension(clean["customers"], name="customer", unknown=unknown_customer))
    products = written("dim_product", build_dimension(clean["products"], name="product", unknown=unknown_product))
    dates = written("dim_date", build_dates(clean["sales"]))
    sales = written("fct_sale", build_sales(clean["sales"], customers, products))
    return {"dim_customer": customers, "dim_product": products, "dim_date": dates, "fct_sale": sales}


def _read_clean(run: Run, dataset: str, inputs: Inputs) -> DataFrame:
    contract = run.contracts[dataset]
    schema = ", ".join(f"`{column.name}` {spark_type(column)}" for column in contract.columns)
    return _read_judged(run, "clean", dataset, inputs, schema)


def _read_judged(run: Run, layer: str, dataset: str, inputs: Inputs, schema: str) -> DataFrame:
    paths = _judged_folders(run, layer, dataset, inputs)
    return run.spark.read.schema(schema).parquet(*paths) if paths else run.spark.createDataFrame([], schema)


def _judged_folders(run: Run, layer: str, dataset: str, inputs: Inputs) -> list[str]:
    contract_id = run.contracts[dataset].fingerprint
    return [str(run.lake.judged(layer, dataset, contract_id, batch_id)) for batch_id in inputs.batches[dataset]]


def _quarantined(run: Run, inputs: Inputs) -> DataFrame:
    """quarantine.records: what breaks today's contracts, of every batch."""
    parts = [
        _read_judged(run, "quarantine", dataset, inputs, _QUARANTINE_SCHEMA).select(
            F.lit(dataset).alias("dataset"),
            F.col("_batch_id").alias("batch_id"),
            F.col("_record_number").alias("record_number"),
            F.col("_source_file").alias("source_file"),
            F.col("_raw").alias("raw"),
            F.to_json("_reasons").alias("reasons"),
        )
        for dataset in inputs.batches
    ]
    return reduce(DataFrame.unionByName, parts)


def _clean_records(run: Run, inputs: Inputs) -> int:
    folders = [Path(path) for dataset in inputs.batches for path in _judged_folders(run, "clean", dataset, inputs)]
    return sum(count_rows(folder) for folder in folders)


if __name__ == "__main__":
    main("data_transformation", transform)
