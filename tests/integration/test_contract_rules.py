"""A rule that the judge keeps is broken in SQL by the same values."""

import re
from collections.abc import Callable

import pytest
from psycopg2 import sql

from batch_etl.contract import Column
from monitoring.contract_rules import rules_of

VALUES = (
    *("S1234567", "S12345678", "S123456789", "S00000000", "s12345678", "S1234567x", "xS12345678", "S12345678\n"),
    *(
        "\nS12345678",
        "S1234 678",
        "S٣٣٣٣٣٣٣٣",
        "12345678",
        "S",
        "",
        "SS2345678",
        "AB",
        "ab",
        "ABC",
        "A-",
        "É1",
        "x|S12345678",
    ),
)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^S\d{8}$",
        r"\d{8}",
        r"^\d{8}$",
        "^[A-Z]{2}$",
        "^[A-Z-]{2}$",
        r"^S\d{0}$",
        r"^S|\d{8}$",
        r"^S\d{2}\d{6}$",
        "^S.{8}$",
    ],
)
def test_a_pattern_is_broken_by_the_values_that_the_judge_refuses(
    query: Callable[..., list[tuple]], pattern: str
) -> None:
    column = Column(name="code", kind="text", physical_type="text", description="", pattern=pattern)
    (rule,) = rules_of(column)

    broken = query(sql.SQL("SELECT code FROM UNNEST(%s) AS code WHERE {}").format(rule.is_broken), list(VALUES))

    assert [value for (value,) in broken] == [v for v in VALUES if not re.fullmatch(pattern, v, re.ASCII)]
