"""The dimensions of the star: with their history, and the calendar. On Arrow's columns, as the facts.

In Spark a few hundred thousand versions took eight times as long, and a calendar half a second.
"""

import hashlib
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.transforms.values import one_chunk
from batch_etl.transforms.versions import repeats_the_row_before

UNKNOWN_KEY = -1
UNKNOWN_ID = "unknown"
_MOMENT = pa.timestamp("us", "UTC")
_BEGINNING = pa.scalar(datetime(1900, 1, 1, tzinfo=UTC), _MOMENT)
_END = pa.scalar(datetime(9999, 12, 31, tzinfo=UTC), _MOMENT)
_CHANGED_AT = "updated_at_utc"
_SATURDAY = 6


def build_dimension(versions: pa.Table, *, name: str, unknown: dict[str, str]) -> pa.Table:
    """A slowly changing dimension of type 2.

    versions  one row a version, in any order: <name>_id, updated_at_utc and the attributes
    name      customer or product
    unknown   attributes of the unknown member that must not be null
    returns   <name>_key, <name>_id, attributes, valid_from_utc, valid_to_utc, is_current

    The versions of an id follow each other without gap or overlap from 1900 to 9999: the first one holds since ever, so
    that a sale before it still finds its customer. A version that changes nothing is none: it prolongs the one before.
    Keys are hashes of id and moment, so a late version gives no other key to those that it leaves standing.
    """
    member = f"{name}_id"
    history = versions.sort_by([(member, "ascending"), (_CHANGED_AT, "ascending")])
    told = [column for column in history.column_names if column != _CHANGED_AT]
    changes = history.filter(pc.invert(repeats_the_row_before(history, told)))
    moments = one_chunk(changes[_CHANGED_AT]).cast(_MOMENT)
    is_first = pc.invert(repeats_the_row_before(changes, [member]))
    is_last = pa.concat_arrays([is_first, pa.array([True])]).slice(1)
    following = pa.concat_arrays([moments, pa.repeat(_END, 1)]).slice(1)
    dimension = pa.table(
        {
            f"{name}_key": _keys(changes[member], moments),
            **{column: changes[column] for column in changes.column_names if column != _CHANGED_AT},
            "valid_from_utc": pc.if_else(is_first, _BEGINNING, moments),
            "valid_to_utc": pc.if_else(is_last, _END, following),
            "is_current": is_last,
        }
    )
    return pa.concat_tables([dimension, _unknown_member(dimension.schema, name=name, unknown=unknown)])


def build_dates(years: range) -> pa.Table:
    """core.dim_date: every day of these calendar years."""
    first, end = (np.datetime64(f"{year:04}-01-01") for year in (years.start, years.stop))
    day = pa.array(np.arange(first, end))
    iso_weekday = pc.day_of_week(day, count_from_zero=False)
    numbers = {
        "calendar_year": pc.year(day),
        "quarter_of_year": pc.quarter(day),
        "month_of_year": pc.month(day),
        "iso_week": pc.iso_week(day),
        "day_of_month": pc.day(day),
        "iso_weekday": iso_weekday,
    }
    names = {"month_name": pc.strftime(day, "%B", locale="C"), "weekday_name": pc.strftime(day, "%A", locale="C")}
    return pa.table(
        {
            "calendar_date": day,
            **{name: values.cast(pa.int32()) for name, values in numbers.items()},
            **names,
            "is_weekend": pc.greater_equal(iso_weekday, _SATURDAY),
        }
    )


def _keys(ids: pa.ChunkedArray, moments: pa.Array) -> pa.Array:
    microseconds = moments.cast(pa.int64()).to_pylist()
    pairs = (f"{one} {moment}".encode() for one, moment in zip(ids.to_pylist(), microseconds, strict=True))
    digests = b"".join(hashlib.blake2b(pair, digest_size=8).digest() for pair in pairs)
    return pa.array(np.frombuffer(digests, np.dtype("<i8")).astype(np.int64))


def _unknown_member(schema: pa.Schema, *, name: str, unknown: dict[str, str]) -> pa.Table:
    values: dict[str, object] = {
        **unknown,
        f"{name}_key": UNKNOWN_KEY,
        f"{name}_id": UNKNOWN_ID,
        "valid_from_utc": _BEGINNING.as_py(),
        "valid_to_utc": _END.as_py(),
        "is_current": True,
    }
    return pa.Table.from_pylist([{field.name: values.get(field.name) for field in schema}], schema=schema)
