"""The chain by Polars and COPY: lazy frames, streaming where Polars can, Parquet between, CSV into PostgreSQL."""

from functools import reduce

import polars as pl

from batch_etl.contract import Column, Contract
from tests.benchmarks.contender import Task, copy_file, run_stages
from tests.benchmarks.polars_marts import MARTS

_TYPES = {"text": pl.String, "integer": pl.Int32, "date": pl.Date, "timestamp": pl.Datetime("us")}
_FORMATS = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%dT%H:%M:%SZ"}
_UNKNOWN = {
    "customer": {"full_name": "unknown", "segment": "unknown"},
    "product": {"product_name": "unknown", "category": "unknown"},
}
_BEGINNING, _END = pl.lit("1900-01-01").str.to_datetime("%Y-%m-%d"), pl.lit("9999-12-31").str.to_datetime("%Y-%m-%d")


def clean(task: Task, _: None) -> None:
    quarantined = []
    for name, contract in task.contracts.items():
        reasons = pl.concat_str([_reason(c) for c in contract.columns], separator="; ", ignore_nulls=True)
        judged = _read(task, contract).with_columns(reasons.alias("_reasons"))
        typed = judged.filter(pl.col("_reasons") == "").select(*map(_typed, contract.columns), "_record_number")
        file = task.folder / f"typed_{name}.parquet"
        typed.sink_parquet(file, compression="lz4")
        _standing(pl.scan_parquet(file), contract).sink_parquet(task.folder / f"clean_{name}.parquet")
        broken = judged.filter(pl.col("_reasons") != "")
        quarantined.append(
            broken.select(
                pl.lit(name).alias("dataset"),
                pl.col("_record_number").alias("record_number"),
                reasons=pl.col("_reasons"),
            )
        )
    pl.concat(quarantined).sink_parquet(task.folder / "quarantine.parquet")


def transform(task: Task, _: None) -> None:
    folder = task.folder
    for name in ("customer", "product"):
        versions = pl.scan_parquet(folder / f"clean_{name}s.parquet")
        _dimension(name, versions).sink_parquet(folder / f"dim_{name}.parquet")
    sales = pl.scan_parquet(folder / "clean_sales.parquet")
    for name in ("customer", "product"):
        sales = _with_key(sales, pl.scan_parquet(folder / f"dim_{name}.parquet"), name)
    gross = (pl.col("quantity") * pl.col("unit_price_usd")).cast(pl.Decimal(18, 2))
    # Of a decimal with six digits behind the point the half goes up, as the tills round.
    exact = pl.col("quantity").cast(pl.Decimal(38, 6)) * pl.col("unit_price_usd") * pl.col("discount_rate")
    discount = exact.round(2, mode="half_away_from_zero").cast(pl.Decimal(18, 2))
    fact = sales.with_columns(sold_on=pl.col("sold_at_utc").dt.date(), gross_usd=gross, discount_usd=discount)
    fact = fact.with_columns(net_usd=(pl.col("gross_usd") - pl.col("discount_usd")).cast(pl.Decimal(18, 2)))
    fact.sink_parquet(folder / "fct_sale.parquet")
    for table, query in MARTS.items():
        query(lambda name: pl.scan_parquet(folder / f"{name}.parquet")).sink_parquet(folder / f"{table}.parquet")


def load(task: Task, _: None) -> None:
    for table, columns in task.tables.items():
        file = task.folder / f"{table}.csv"
        rows = pl.scan_parquet(task.folder / f"{table}.parquet").select(columns)
        rows.sink_csv(file, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        copy_file(task, table, file)


def _read(task: Task, contract: Contract) -> pl.LazyFrame:
    strings = pl.Schema(dict.fromkeys(contract.column_names, pl.String))
    source = task.source(contract.dataset)
    if contract.file_format == "json":
        return pl.scan_ndjson(source, schema=strings).with_row_index("_record_number")
    return pl.scan_csv(source, schema=strings, row_index_name="_record_number")


def _reason(column: Column) -> pl.Expr:
    """The reason that a value meets first, null where it keeps every rule."""
    value, typed = pl.col(column.name), _typed(column)
    rules: list[tuple[str, pl.Expr]] = [("missing", value.is_null())] if column.is_required else []
    if column.kind != "text":
        rules.append((f"not of type {column.kind}", value.is_not_null() & typed.is_null()))
    if column.min_length:
        rules.append((f"shorter than {column.min_length}", value.str.len_chars() < column.min_length))
    if column.max_length:
        rules.append((f"longer than {column.max_length}", value.str.len_chars() > column.max_length))
    if column.pattern:
        rules.append(("does not match the pattern", ~value.str.contains(f"^(?:{column.pattern.strip('^$')})$")))
    if column.allowed_values:
        rules.append(("not an allowed value", ~value.is_in(list(column.allowed_values))))
    if column.minimum is not None:
        rules.append((f"below {column.minimum}", typed < _limit(column.minimum, column)))
    if column.maximum is not None:
        rules.append((f"above {column.maximum}", typed > _limit(column.maximum, column)))
    none = pl.lit(None, pl.String)
    return reduce(
        lambda later, rule: pl.when(rule[1]).then(pl.lit(f"{column.name}: {rule[0]}")).otherwise(later),
        reversed(rules),
        none,
    )


def _typed(column: Column) -> pl.Expr:
    """The value, null where it has not exactly the form of its kind."""
    value = pl.col(column.name)
    if column.kind in _FORMATS:
        length = {"date": 10, "timestamp": 20}[column.kind]
        right = pl.when(value.str.len_bytes() == length).then(value)
        return right.str.strptime(_TYPES[column.kind], _FORMATS[column.kind], strict=False).alias(column.name)
    if column.kind == "text":
        return value
    whole = (column.precision or 0) - (column.scale or 0)
    pattern = r"^-?\d{1,9}$" if column.kind == "integer" else rf"^-?\d{{1,{whole}}}(\.\d{{1,{column.scale}}})?$"
    kind = pl.Int32 if column.kind == "integer" else pl.Decimal(column.precision, column.scale or 0)
    return pl.when(value.str.contains(pattern)).then(value).cast(kind, strict=False).alias(column.name)


def _limit(written: str, column: Column) -> pl.Expr:
    if column.kind in _FORMATS:
        return pl.lit(written).str.strptime(_TYPES[column.kind], _FORMATS[column.kind])
    return pl.lit(written).cast(pl.Int32 if column.kind == "integer" else pl.Decimal(column.precision, column.scale))


def _standing(typed: pl.LazyFrame, contract: Contract) -> pl.LazyFrame:
    """One record a key: the highest version. Only doubled keys are ordered, which are few."""
    keys = list(contract.key)
    order = dict.fromkeys([*contract.version_order, *contract.column_names])
    by = [name for name in order if name not in keys]
    doubled = typed.group_by(keys).len().filter(pl.col("len") > 1).select(keys)
    single = typed.join(doubled, on=keys, how="anti")
    ranked = typed.join(doubled, on=keys, how="semi").sort(
        [*by, "_record_number"], descending=[*[True] * len(by), False], nulls_last=True
    )
    highest = ranked.unique(keys, keep="first", maintain_order=True)
    return pl.concat([single, highest]).select(contract.column_names)


def _dimension(name: str, versions: pl.LazyFrame) -> pl.LazyFrame:
    """A slowly changing dimension of type 2; a version that changes nothing prolongs the one before."""
    key = f"{name}_id"
    schema = versions.collect_schema()
    attributes = [column for column in schema if column not in (key, "updated_at_utc")]
    content = pl.struct(attributes)
    ordered = versions.sort(key, "updated_at_utc")
    changes = ordered.filter((content != content.shift().over(key)).fill_null(True))
    told = changes.with_row_index(f"{name}_key").select(
        pl.col(f"{name}_key").cast(pl.Int64),
        key,
        *attributes,
        valid_from_utc=pl.when(pl.col(key).is_first_distinct()).then(_BEGINNING).otherwise("updated_at_utc"),
        valid_to_utc=pl.col("updated_at_utc").shift(-1).over(key).fill_null(_END),
        is_current=pl.col("updated_at_utc").shift(-1).over(key).is_null(),
    )
    nobody = {f"{name}_key": -1, key: "unknown", **_UNKNOWN[name], "is_current": True}
    types = told.collect_schema()
    member = pl.LazyFrame().select(
        *(pl.lit(nobody.get(column)).cast(types[column]).alias(column) for column in types if "valid" not in column),
        valid_from_utc=_BEGINNING,
        valid_to_utc=_END,
    )
    return pl.concat([told, member.select(told.collect_schema().names())])


def _with_key(sales: pl.LazyFrame, dimension: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """Add <name>_key: the version that began last before the sale, else the unknown key."""
    versions = dimension.select(f"{name}_id", f"{name}_key", "valid_from_utc").sort("valid_from_utc")
    joined = sales.sort("sold_at_utc").join_asof(
        versions, left_on="sold_at_utc", right_on="valid_from_utc", by=f"{name}_id", check_sortedness=False
    )
    return joined.with_columns(pl.col(f"{name}_key").fill_null(-1)).drop("valid_from_utc")


if __name__ == "__main__":
    run_stages(Task.from_arguments(), {"clean": clean, "transform": transform, "load": load}, None)
