"""The star: dimensions with history, and the facts that point at the version of their time."""

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F  # noqa: N812

UNKNOWN_KEY = -1
UNKNOWN_ID = "unknown"
_BEGINNING = "1900-01-01 00:00:00"
_END = "9999-12-31 00:00:00"
# The columns of sales that build_sales names one by one.
_MODELLED = {
    *("sale_id", "customer_id", "product_id", "quantity", "unit_price_usd", "discount_rate"),
    *("sold_at_utc", "region", "payment_method"),
}


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


def build_sales(sales: DataFrame, customers: DataFrame, products: DataFrame) -> DataFrame:
    """core.fct_sale.

    sales      one row a sale, the columns of its contract; what the contract got since comes last
    customers  core.dim_customer
    products   core.dim_product

    One row a sale, whatever the dimensions hold: an unknown customer or product is the unknown member.
    """
    gross = (F.col("quantity") * F.col("unit_price_usd")).cast("decimal(18,2)")
    # Spark's round is half up, which is how the tills round.
    discount = F.round(gross * F.col("discount_rate"), 2).cast("decimal(18,2)")
    keyed = _with_key(_with_key(sales, customers, name="customer"), products, name="product")
    return keyed.select(
        "sale_id",
        F.to_date("sold_at_utc").alias("sold_on"),
        "sold_at_utc",
        "customer_key",
        "product_key",
        "customer_id",
        "product_id",
        "quantity",
        "unit_price_usd",
        "discount_rate",
        gross.alias("gross_usd"),
        discount.alias("discount_usd"),
        (gross - discount).cast("decimal(18,2)").alias("net_usd"),
        "region",
        "payment_method",
        *(column for column in sales.columns if column not in _MODELLED),
    )


def _with_key(sales: DataFrame, dimension: DataFrame, *, name: str) -> DataFrame:
    """Add <name>_key: the version of the dimension that held when the sale was made, else the unknown key."""
    versions = dimension.select(
        F.col(f"{name}_id").alias("_id"), F.col(f"{name}_key"), F.col("valid_from_utc"), F.col("valid_to_utc")
    )
    held = (
        (F.col(f"{name}_id") == F.col("_id"))
        & (F.col("sold_at_utc") >= F.col("valid_from_utc"))
        & (F.col("sold_at_utc") < F.col("valid_to_utc"))
    )
    key = F.coalesce(f"{name}_key", F.lit(UNKNOWN_KEY).cast("long"))
    return sales.join(versions, held, "left").select(*sales.columns, key.alias(f"{name}_key"))


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
