"""Sales for measuring: quick to write, hard to compress, about 2 % of them spoilt."""

import random
from pathlib import Path

HEADER = "sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method\n"


def write_sales(file: Path, records: int) -> None:
    """The same bytes for the same number of records."""
    dice = random.Random(records)  # noqa: S311 - no secret
    with file.open("w", encoding="utf-8") as text:
        text.write(HEADER)
        for number in range(records):
            text.write(_spoilt(dice, number) if dice.random() < 0.02 else _sale(dice, number))


def _sale(dice: random.Random, number: int) -> str:
    customer, product = dice.randrange(100_000), dice.randrange(10_000)
    cents, day, second = dice.randrange(100, 50_000), dice.randrange(1, 29), dice.randrange(60)
    return (
        f"S{number:08},C{customer:07},P{product:06},{dice.randrange(1, 9)},{cents // 100}.{cents % 100:02},0.1,"
        f"2025-{dice.randrange(1, 13):02}-{day:02}T10:{second:02}:{second:02}Z,north,card\n"
    )


def _spoilt(dice: random.Random, number: int) -> str:
    kind = dice.randrange(20)
    if kind == 0:
        return f'S{number:08},C"0000001,stray\n'
    if kind == 1:
        return f"S{number:08},C0000001\n"
    return _sale(dice, number).replace(",0.1,", ",1.5x,")
