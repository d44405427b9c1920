"""A mart of any number of sales, drawn month by month as data_transformation writes it: enough to load it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from batch_etl.contracts.reader import read_contracts
from batch_etl.recompute import Recompute
from batch_etl.stores.lake import Lake, count_rows
from batch_etl.stores.mart import Manifest, mart_inputs
from batch_etl.stores.mart_parts import fingerprint_parts
from tests.integration.pipeline import Pipeline

TABLES = ("core.dim_customer", "core.dim_product", "core.dim_date", "core.fct_sale")
MONTHS = [f"2025-{month:02}" for month in range(1, 13)]
_DAY_MICROSECONDS = 86_400_000_000
_BEGIN, _END = (np.datetime64(moment, "us").astype(np.int64) for moment in ("1900-01-01", "9999-12-31"))


def draw_mart(pipeline: Pipeline, batch: str, draw: Callable[[Path], None]) -> Path:
    """Let a drawn mart be the one that today's inputs ask for; each has a batch more than the one before."""
    contracts, lake = read_contracts(pipeline.home / "config/contracts"), Lake(pipeline.home / "data/processed")
    lake.judged("clean", "sales", contracts["sales"].fingerprint, batch).mkdir(parents=True)
    inputs = mart_inputs(lake, contracts, pipeline.home)
    folder = lake.mart(inputs.fingerprint)
    folder.mkdir(parents=True)
    draw(folder)
    rows = {table: count_rows(folder / table) for table in TABLES}
    parts = {table: fingerprint_parts(folder / table, None, {}) for table in TABLES}
    Manifest(inputs.fingerprint, inputs.batches, rows, parts).write(folder)
    return folder


def load_unaudited(pipeline: Pipeline, run_key: str, *, is_full: bool = False) -> None:
    """Load the drawn mart, and let it pass for audited: it has not all tables that the checks look at."""
    pipeline.run(run_key, stages=["data_loading"], recompute=Recompute(is_full=is_full))
    pipeline.query("UPDATE audit.runs SET state = 'audited' WHERE run_key = %s AND state = 'loaded'", run_key)


def write_mart(folder: Path, sales: int, *, customers: int, products: int) -> None:
    """Write core.fct_sale, a month a folder, and the dimensions that it points at."""
    for month, rows in zip(MONTHS, np.diff(np.linspace(0, sales, len(MONTHS) + 1).astype(int)), strict=True):
        write_month(folder, month, int(rows), customers=customers, products=products)
    days = np.arange(np.datetime64("2025-01-01"), np.datetime64("2026-01-01"))
    _write(folder / "core.dim_date", _dates(days))
    _write(folder / "core.dim_customer", dict(_versions("customer", "C", 7, customers)))
    _write(folder / "core.dim_product", dict(_versions("product", "P", 6, products)))


def write_month(folder: Path, month: str, rows: int, *, customers: int, products: int, only_day: int = 0) -> None:
    """Write a month of sales, over its first 28 days, or the sales of one day beside those that stand there."""
    dice = np.random.default_rng(int(month[-2:]) + only_day)
    day = np.sort(dice.integers(0, 28, rows)) if not only_day else np.full(rows, only_day - 1)
    moment = np.datetime64(f"{month}-01", "us").astype(np.int64) + day * _DAY_MICROSECONDS
    customer, product, quantity = dice.integers(0, customers, rows), dice.integers(0, products, rows), day % 9 + 1
    price, rate = dice.integers(1, 100_000, rows), dice.choice([0, 500, 1000, 2500], rows)
    gross = quantity * price
    discount = (gross * rate + 5000) // 10_000
    sales = {
        "sale_id": _padded(f"S{month[-2:]}{only_day:02}", np.arange(rows), 8),
        "sold_on": pa.array((moment // _DAY_MICROSECONDS).astype("datetime64[D]")),
        "sold_at_utc": _moments(moment + dice.integers(0, _DAY_MICROSECONDS // 1_000_000, rows) * 1_000_000),
        "customer_key": pa.array(customer),
        "product_key": pa.array(product),
        "customer_id": _padded("C", customer, 7),
        "product_id": _padded("P", product, 6),
        "quantity": pa.array(quantity.astype(np.int32)),
        "unit_price_usd": _decimal(price, 12, 2),
        "discount_rate": _decimal(rate, 5, 4),
        "gross_usd": _decimal(gross, 18, 2),
        "discount_usd": _decimal(discount, 18, 2),
        "net_usd": _decimal(gross - discount, 18, 2),
        "region": _choice(("north", "south", "east", "west"), product),
        "payment_method": _choice(("card", "cash", "wallet"), customer),
    }
    _write(folder / "core.fct_sale" / f"month={month}", sales, name=f"day-{only_day}")


def _versions(kind: str, letter: str, width: int, number: int) -> Iterator[tuple[str, pa.Array]]:
    key = np.arange(number)
    yield f"{kind}_key", pa.array(key)
    yield f"{kind}_id", _padded(letter, key, width)
    if kind == "customer":
        yield "full_name", _padded("Name ", key, width)
        yield "segment", _choice(("consumer", "corporate"), key)
    else:
        yield "product_name", _padded("Thing ", key, width)
        yield "category", _choice(("home", "toys", "books"), key)
    yield "valid_from_utc", _moments(np.full(number, _BEGIN))
    yield "valid_to_utc", _moments(np.full(number, _END))
    yield "is_current", pa.array(np.full(number, fill_value=True))


def _dates(days: np.ndarray) -> dict[str, pa.Array]:
    numbers = ("calendar_year", "quarter_of_year", "month_of_year", "iso_week", "day_of_month", "iso_weekday")
    ones = pa.array(np.ones(len(days), np.int32))
    texts = dict.fromkeys(("month_name", "weekday_name"), _choice(("x",), np.zeros(len(days), int)))
    weekend = pa.array(np.zeros(len(days), bool))
    return {"calendar_date": pa.array(days), **dict.fromkeys(numbers, ones), **texts, "is_weekend": weekend}


def _write(place: Path, columns: dict[str, pa.Array], *, name: str = "part") -> None:
    place.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), place / f"{name}.parquet", compression="zstd", write_page_checksum=True)


def _padded(letter: str, numbers: np.ndarray, width: int) -> pa.Array:
    return pc.binary_join_element_wise(letter, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, "0"), "")


def _moments(microseconds: np.ndarray) -> pa.Array:
    return pa.array(microseconds).cast(pa.timestamp("us", "UTC"))


def _choice(words: tuple[str, ...], numbers: np.ndarray) -> pa.Array:
    return pa.array(words).take(pa.array(numbers % len(words)))


def _decimal(unscaled: np.ndarray, precision: int, scale: int) -> pa.Array:
    halves = np.stack([unscaled, unscaled >> 63], axis=1).astype(np.int64)
    kind = pa.decimal128(precision, scale)
    return pa.Array.from_buffers(kind, len(unscaled), [None, pa.py_buffer(np.ascontiguousarray(halves))])
