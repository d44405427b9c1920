"""The conservation law of a batch, measured: records and cents of every part."""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812

from batch_etl.contract import Contract
from batch_etl.transforms.judge import amount_in_cents


def measure(parts: dict[str, DataFrame], contract: Contract) -> DataFrame:
    """Count records and cents of each part, in one job.

    parts    name -> records whose ledger amount is a string as written, or typed
    returns  part, records, cents; cents of amounts that are not well-formed count as 0
    """
    tagged = [records.select(F.lit(part).alias("part"), _cents(records, contract)) for part, records in parts.items()]
    together = tagged[0]
    for more in tagged[1:]:
        together = together.union(more)
    return together.groupBy("part").agg(
        F.count("*").alias("records"), F.coalesce(F.sum("cents"), F.lit(0)).alias("cents")
    )


def _cents(records: DataFrame, contract: Contract) -> Expression:
    if contract.ledger_amount is None:
        return F.lit(0).cast("decimal(38,0)").alias("cents")
    if records.schema[contract.ledger_amount].dataType.typeName() == "string":
        return amount_in_cents(contract.column(contract.ledger_amount)).alias("cents")
    return (F.col(contract.ledger_amount) * 100).cast("decimal(38,0)").alias("cents")
