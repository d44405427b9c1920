"""The queries of sql/transformations as Polars has them: name -> query, in the order in which they read each other."""

from collections.abc import Callable

import polars as pl

Read = Callable[[str], pl.LazyFrame]
_MONEY = ("gross_usd", "discount_usd", "net_usd")
_MONTH = pl.col("sold_on").dt.truncate("1mo").alias("month_begins_on")
_ORDERS, _UNITS, _NET = pl.len().alias("orders"), pl.col("quantity").sum().alias("units"), pl.col("net_usd").sum()
_CUSTOMERS = pl.col("customer_id").n_unique().alias("customers")


def _customer_months(read: Read) -> pl.LazyFrame:
    first, last = pl.col("sold_on").min().alias("first_sold_on"), pl.col("sold_on").max().alias("last_sold_on")
    return read("fct_sale").group_by("customer_key", "customer_id", _MONTH).agg(first, last, _ORDERS, _UNITS, _NET)


def _product_months(read: Read) -> pl.LazyFrame:
    return read("fct_sale").group_by("product_key", _MONTH).agg(_ORDERS, _UNITS, _NET)


def _daily_sales(read: Read) -> pl.LazyFrame:
    return read("fct_sale").group_by("sold_on").agg(_ORDERS, _UNITS, _CUSTOMERS, *map(pl.sum, _MONEY))


def _monthly_sales(read: Read) -> pl.LazyFrame:
    months = read("fct_sale").group_by(_MONTH).agg(_ORDERS, _UNITS, _CUSTOMERS, *map(pl.sum, _MONEY))
    return months.with_columns(net_per_order_usd=(_float("net_usd") / pl.col("orders")).round(2))


def _region_sales(read: Read) -> pl.LazyFrame:
    sold = read("fct_sale").group_by(_MONTH, "region").agg(_ORDERS, _UNITS, _CUSTOMERS, _NET)
    share = 100 * _float("net_usd") / _float("net_usd").sum().over("month_begins_on")
    return sold.with_columns(net_share_pct=share.round(2))


def _category_sales(read: Read) -> pl.LazyFrame:
    sold = read("product_months").join(read("dim_product"), on="product_key")
    return _with_margin(sold.group_by("category").agg(pl.sum("orders"), pl.sum("units"), pl.sum("net_usd"), _cost()))


def _product_performance(read: Read) -> pl.LazyFrame:
    sold = read("product_months").join(read("dim_product"), on="product_key").group_by("product_id")
    of_products = sold.agg(pl.sum("orders"), pl.sum("units"), pl.sum("net_usd"), _cost())
    products = read("dim_product").filter("is_current").select("product_id", "product_key", "product_name", "category")
    told = products.join(of_products, on="product_id", how="left").with_columns(
        pl.col("orders", "units").fill_null(0), pl.col("net_usd", "cost_usd").fill_null(0)
    )
    told = _with_margin(told).with_columns(pl.when(pl.col("product_key") != -1).then(pl.col("cost_usd", "margin_usd")))
    share = pl.when(pl.col("net_usd") != 0).then(100 * _float("margin_usd") / _float("net_usd"))
    by_net = told.sort("net_usd", "product_id", descending=[True, False]).with_columns(
        margin_pct=share.round(2),
        net_rank=pl.int_range(1, pl.len() + 1),
        category_rank=pl.int_range(1, pl.len() + 1).over("category"),
    )
    by_margin = by_net.sort("margin_usd", "product_id", descending=[True, False], nulls_last=True)
    return by_margin.with_columns(margin_rank=pl.int_range(1, pl.len() + 1))


def _customer_value(read: Read) -> pl.LazyFrame:
    held = read("customer_months").drop("customer_id").join(read("dim_customer"), on="customer_key")
    bought = held.group_by("customer_id").agg(
        pl.min("first_sold_on"), pl.max("last_sold_on"), pl.sum("orders"), pl.sum("units"), pl.sum("net_usd")
    )
    somebody = bought.filter(pl.col("customer_id") != "unknown")
    scores = [_fifths(somebody, by, f"{name}_score") for by, name in _SCORES.items()]
    for score in scores:
        bought = bought.join(score, on="customer_id", how="left")
    current = read("dim_customer").filter("is_current").select("customer_id", "segment", "country_code")
    return bought.join(current, on="customer_id").with_columns(
        lifetime_days=(pl.col("last_sold_on") - pl.col("first_sold_on")).dt.total_days(),
        net_per_order_usd=(_float("net_usd") / pl.col("orders")).round(2),
        value_segment=_segment(),
    )


def _cohort_retention(read: Read) -> pl.LazyFrame:
    bought = read("customer_months").group_by("customer_id", "month_begins_on").agg(pl.sum("orders"), pl.sum("net_usd"))
    begins = pl.col("month_begins_on").min().over("customer_id").alias("cohort_begins_on")
    later, first = pl.col("month_begins_on").dt, pl.col("cohort_begins_on").dt
    since = ((later.year() - first.year()) * 12 + later.month() - first.month()).alias("months_since")
    retained = bought.with_columns(begins).with_columns(since).group_by("cohort_begins_on", "months_since")
    told = retained.agg(pl.len().alias("customers"), pl.sum("orders"), pl.sum("net_usd")).sort("months_since")
    told = told.with_columns(cohort_customers=pl.col("customers").first().over("cohort_begins_on"))
    return told.with_columns(retention_pct=(100 * pl.col("customers") / pl.col("cohort_customers")).round(2))


_SCORES = {"last_sold_on": "recency", "orders": "frequency", "net_usd": "monetary"}
MARTS: dict[str, Callable[[Read], pl.LazyFrame]] = {
    "customer_months": _customer_months,
    "product_months": _product_months,
    "daily_sales": _daily_sales,
    "monthly_sales": _monthly_sales,
    "region_sales": _region_sales,
    "category_sales": _category_sales,
    "product_performance": _product_performance,
    "customer_value": _customer_value,
    "cohort_retention": _cohort_retention,
}


def _cost() -> pl.Expr:
    return (pl.col("units").cast(pl.Decimal(18, 2)) * pl.col("cost_usd")).sum().alias("cost_usd")


def _with_margin(sold: pl.LazyFrame) -> pl.LazyFrame:
    return sold.with_columns(margin_usd=pl.col("net_usd") - pl.col("cost_usd"))


def _float(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.Float64)


def _fifths(bought: pl.LazyFrame, by: str, name: str) -> pl.LazyFrame:
    """Equal values are in the same one."""
    less = pl.col(by).rank("min").cast(pl.Int64) - 1
    return bought.select("customer_id", (1 + 5 * less // pl.len()).alias(name))


def _segment() -> pl.Expr:
    recency, frequency, monetary = (pl.col(f"{name}_score") for name in _SCORES.values())
    return (
        pl.when(recency.is_null()).then(pl.lit("unknown"))
        .when((recency >= 4) & (frequency >= 4) & (monetary >= 4)).then(pl.lit("champion"))
        .when((recency >= 3) & (frequency >= 3)).then(pl.lit("loyal"))
        .when(recency >= 4).then(pl.lit("recent"))
        .when((recency <= 2) & (monetary >= 4)).then(pl.lit("at_risk"))
        .when(recency <= 2).then(pl.lit("dormant"))
        .otherwise(pl.lit("occasional"))
    )  # fmt: skip
