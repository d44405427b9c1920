"""The dimensions of the star: with their history, and the calendar."""

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812

UNKNOWN_KEY = -1
UNKNOWN_ID = "unknown"
_BEGINNING = "1900-01-01 00:00:00"
_END = "9999-12-31 00:00:00"


def build_dimension(versions: DataFrame, *, name: str, unknown: dict[str, str]) -> DataFrame:
    """A slowly changing dimension of type 2.

    versions  one row a version: <name>_id, updated_at_utc and the attributes
    name      customer or product
    unknown   attributes of the unknown member that must not be null
    returns   <name>_key, <name>_id, attributes, valid_from_utc, valid_to_utc, is_current

    The versions of an id follow each other without gap or overlap from 1900 to 9999: the first one holds since ever, so
    that a sale before it still finds its customer. A version that changes nothing is none: it prolongs the one before.
    Keys are hashes of id and moment, so a late version gives no other key to those that it leaves standing.
    """
    history = Window.partitionBy(f"{name}_id").orderBy("updated_at_utc")
    content = F.struct(*(column for column in versions.columns if column not in (f"{name}_id", "updated_at_utc")))
    changes = versions.withColumn("_repeats", content.eqNullSafe(F.lag(content).over(history))).where(
        ~F.col("_repeats")
    )
    following = F.lead("updated_at_utc").over(history)
    is_first = F.row_number().over(history) == 1
    dimension = changes.select(
        F.xxhash64(f"{name}_id", "updated_at_utc").alias(f"{name}_key"),
        *(column for column in versions.columns if column != "updated_at_utc"),
        F.when(is_first, F.lit(_BEGINNING).cast("timestamp"))
        .otherwise(F.col("updated_at_utc"))
        .alias("valid_from_utc"),
        F.coalesce(following, F.lit(_END).cast("timestamp")).alias("valid_to_utc"),
        following.isNull().alias("is_current"),
    )
    return dimension.unionByName(_unknown_member(dimension, name=name, unknown=unknown))


def build_dates(spark: SparkSession, years: range) -> DataFrame:
    """core.dim_date: every day of these calendar years."""
    days = F.sequence(F.make_date("id", F.lit(1), F.lit(1)), F.make_date("id", F.lit(12), F.lit(31)))
    day = F.col("calendar_date")
    iso_weekday = F.weekday(day) + 1
    return (
        spark.range(years.start, years.stop, numPartitions=1)
        .select(F.explode(days).alias("calendar_date"))
        .select(
            day,
            F.year(day).alias("calendar_year"),
            F.quarter(day).alias("quarter_of_year"),
            F.month(day).alias("month_of_year"),
            F.date_format(day, "MMMM").alias("month_name"),
            F.weekofyear(day).alias("iso_week"),
            F.dayofmonth(day).alias("day_of_month"),
            iso_weekday.alias("iso_weekday"),
            F.date_format(day, "EEEE").alias("weekday_name"),
            (iso_weekday >= 6).alias("is_weekend"),  # noqa: PLR2004 - Saturday
        )
    )


def _unknown_member(dimension: DataFrame, *, name: str, unknown: dict[str, str]) -> DataFrame:
    values: dict[str, object] = {
        **unknown,
        f"{name}_key": UNKNOWN_KEY,
        f"{name}_id": UNKNOWN_ID,
        "valid_from_utc": _BEGINNING,
        "valid_to_utc": _END,
        "is_current": True,
    }
    columns = [F.lit(values.get(field.name)).cast(field.dataType).alias(field.name) for field in dimension.schema]
    return dimension.sparkSession.range(1).select(*columns)
