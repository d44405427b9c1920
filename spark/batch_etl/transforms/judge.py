"""Judge records by their contract: strict types, every rule, every reason."""

from pyspark.sql import Column as Expression
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name every Spark reader knows

from batch_etl.contract import Column, Contract

LINEAGE = ("_record_number", "_source_file", "_batch_id")
_FORMS = {
    "integer": r"-?\d{1,18}",
    "date": r"\d{4}-\d{2}-\d{2}",
    "timestamp": r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z",
    "boolean": "true|false",
}
_KIND_FAULTS = {
    "integer": "not an integer",
    "decimal": "not a number",
    "date": "not a date",
    "timestamp": "not a timestamp",
    "boolean": "not a boolean",
}
_SPARK_TYPES = {"text": "string", "date": "date", "timestamp": "timestamp", "boolean": "boolean"}
_INTEGER_TYPES = {"smallint": "smallint", "integer": "int", "bigint": "bigint"}
_SHOWN_CHARACTERS = 100


def split_by_contract(ingested: DataFrame, contract: Contract) -> tuple[DataFrame, DataFrame]:
    """Part the records that keep the contract from those that break it.

    ingested  every contract column as a string, plus _raw, _fault, _not_text and the lineage columns
    valid     contract columns, typed, in contract order, plus the lineage columns
    rejected  ingested, untouched, plus _reasons array<string>, never empty

    Each record lands in exactly one: count(ingested) = count(valid) + count(rejected).
    """
    judged = ingested.withColumn("_reasons", _reasons(contract))
    typed = [_typed(column).alias(column.name) for column in contract.columns]
    valid = judged.where(F.size("_reasons") == 0).select(*typed, *LINEAGE)
    rejected = judged.where(F.size("_reasons") > 0)
    return valid, rejected


def spark_type(column: Column) -> str:
    """The Spark type of a clean value."""
    if column.kind == "decimal":
        return f"decimal({column.precision},{column.scale})"
    if column.kind == "integer":
        return _INTEGER_TYPES[column.physical_type]
    return _SPARK_TYPES[column.kind]


def amount_in_cents(column: Column) -> Expression:
    """The cents of a column of strings, null where the value is not exactly an amount."""
    # try_cast, not cast: Spark 4 is ANSI by default, where one bad value fails the whole job.
    return F.when(_is_formed(column), (F.col(column.name).try_cast(spark_type(column)) * 100).cast("decimal(38,0)"))


def _typed(column: Column) -> Expression:
    return F.col(column.name).try_cast(spark_type(column))


def _reasons(contract: Contract) -> Expression:
    of_columns = [_column_reason(column) for column in contract.columns]
    return (
        F.when(F.col("_fault").isNotNull(), F.array("_fault"))
        .otherwise(F.filter(F.array(*of_columns), lambda reason: reason.isNotNull()))
        .cast("array<string>")
    )


def _column_reason(column: Column) -> Expression:
    """The first rule that the value breaks, or null."""
    value = F.col(column.name)
    shown = F.substring(value, 1, _SHOWN_CHARACTERS)
    missing = F.lit(f"{column.name}: missing" if column.is_required else None).cast("string")
    chain = F.when(value.isNull(), missing)
    for is_broken, rule in _rules(column):
        chain = chain.when(is_broken, F.concat(F.lit(f"{column.name}: {rule}: "), shown))
    return chain


def _rules(column: Column) -> list[tuple[Expression, str]]:
    """What a present value must not be, in the order in which it is told."""
    value, typed = F.col(column.name), _typed(column)
    rules = [(F.coalesce(F.array_contains("_not_text", column.name), F.lit(False)), "not text")]
    if column.kind != "text":
        rules.append((~_is_formed(column) | typed.isNull(), _KIND_FAULTS[column.kind]))
    if column.min_length is not None:
        rules.append((F.length(value) < column.min_length, f"shorter than {column.min_length}"))
    if column.max_length is not None:
        rules.append((F.length(value) > column.max_length, f"longer than {column.max_length}"))
    if column.pattern is not None:
        rules.append((~_matches_whole(value, column.pattern), "does not match the pattern"))
    if column.allowed_values:
        rules.append((~value.isin(*column.allowed_values), "not an allowed value"))
    if column.minimum is not None:
        rules.append((typed < F.lit(column.minimum).cast(spark_type(column)), f"below {column.minimum}"))
    if column.maximum is not None:
        rules.append((typed > F.lit(column.maximum).cast(spark_type(column)), f"above {column.maximum}"))
    return rules


def _is_formed(column: Column) -> Expression:
    """Whether the text has the one form of its kind: no guessed separators, no other digits, no blanks."""
    if column.kind == "decimal":
        whole, scale = (column.precision or 0) - (column.scale or 0), column.scale
        return _matches_whole(F.col(column.name), rf"-?\d{{1,{whole}}}(\.\d{{1,{scale}}})?")
    return _matches_whole(F.col(column.name), _FORMS[column.kind])


def _matches_whole(value: Expression, pattern: str) -> Expression:
    # Java's $ also matches before a line feed at the end, \z does not.
    return value.rlike(rf"\A(?:{pattern})\z")
