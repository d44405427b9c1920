"""The lines of many sales at once, from tables of text: looking four digits up is much quicker than writing them."""

from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.datagen import words
from batch_etl.datagen.dice_rows import Numbers
from batch_etl.datagen.sale_rows import SaleRows
from batch_etl.datagen.world import SECONDS_A_DAY, day_text

# In ten-thousandths. An eighth and a third leave half cents and less to round.
RATES = {
    0: "0",
    500: "0.05",
    1_000: "0.10",
    1_250: "0.125",
    1_500: "0.15",
    2_500: "0.25",
    3_333: "0.3333",
    5_000: "0.5",
}
_TEN_THOUSAND = 10_000


def write_sales(rows: SaleRows) -> pa.StringArray:
    """Each sale as Sales.write has it, with its line end. No cell of a sale as it should be needs quotes."""
    dollars, cents = np.divmod(rows.unit_price, 100)
    return pc.binary_join_element_wise(
        *_id("S", 8, rows.sale),
        *_id(",C", 7, rows.customer),
        *_id(",P", 6, rows.product),
        _look_up(_numbers(",", 1, ""), rows.quantity),
        _look_up(_numbers(",", 1, "."), dollars),
        _look_up(_numbers("", 2, ","), cents),
        _look_up(pa.array(list(RATES.values())), np.searchsorted(np.array(list(RATES)), rows.discount_rate)),
        *_moments(rows.sold_at),
        _look_up(pa.array([f",{region}," for region in words.REGIONS]), rows.region),
        _look_up(pa.array([f"{method}\n" for method in words.PAYMENT_METHODS]), rows.payment_method),
        "",
    )


def _id(before: str, digits: int, numbers: Numbers) -> tuple[pa.StringArray, pa.StringArray]:
    high, low = np.divmod(numbers, _TEN_THOUSAND)
    return _look_up(_numbers(before, digits - 4, ""), high), _look_up(_numbers("", 4, ""), low)


def _moments(moments: Numbers) -> tuple[pa.StringArray, pa.StringArray]:
    """As moment_text."""
    days, seconds = np.divmod(moments, SECONDS_A_DAY)
    first, last = int(days.min(initial=days[0])), int(days.max(initial=days[0]))
    texts = pa.array([f",{day_text(day)}T" for day in range(first, last + 1)])
    return _look_up(texts, days - first), _look_up(_clock(), seconds)


def _look_up(texts: pa.StringArray, places: Numbers) -> pa.StringArray:
    return texts.take(pa.array(places))


@lru_cache(maxsize=16)
def _numbers(before: str, digits: int, after: str) -> pa.StringArray:
    """Numbers below ten thousand with at least so many digits."""
    return pa.array([f"{before}{number:0{digits}d}{after}" for number in range(_TEN_THOUSAND)])


@lru_cache(maxsize=1)
def _clock() -> pa.StringArray:
    """Every second of a day."""
    return pa.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}Z" for s in range(SECONDS_A_DAY)])
