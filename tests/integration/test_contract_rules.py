"""A pattern of a contract is broken in SQL by the values that the judge refuses, and by no other."""

import pyarrow as pa
import pytest
from psycopg2 import sql

from batch_etl.contracts.values import pattern_fault
from batch_etl.stores import warehouse
from batch_etl.transforms.values import matches_whole
from monitoring.patterns import as_postgres, differs_from

VALUES = (
    *("S1234567", "S12345678", "S123456789", "S00000000", "s12345678", "S1234567x", "xS12345678", "S12345678\n"),
    *("\nS12345678", "S1234 678", "S٣٣٣٣٣٣٣٣", "12345678", "S", "", "SS2345678", "AB", "ab", "ABC", "A-", "É1"),
    *("x|S12345678", "a@b.org", "a\u00a0b@c.org", "a\u2003b@c.org", "a\u0085b@c.org", "a\vb@c.org", "a b@c.org"),
    *("a\tb@c.org", "Zoë Müller", "ZOË", "x" * 300, "a.b-c", "a_b", "a\\b", "a]b", "١", "_", "-", "\v", "日本"),
)
KNOWN = (
    *(r"^S\d{8}$", r"\d{8}", r"^\d{8}$", "^[A-Z]{2}$", "^[A-Z-]{2}$", r"^S\d{0}$", r"^S|\d{8}$", r"^S\d{2}\d{6}$"),
    *("^S.{8}$", r"^[^@\s]+@[^@\s]+\.[^@\s]+$", r"^\S+$", r"^\w+$", r"\W", r"^[\w.-]+$", r"[\w-.]+", r"[.\w-]+"),
    *(r"\D+", r"^[^\d]*$", r"a\\b", r"a[\]]b", "a[]]b", r"^(?:a|A)[-_.]?.*$", "(AB|ab)?", r"\v", ".*", "x{0,255}"),
)
# PostgreSQL has no word for a kind of Unicode's or for so many repetitions, and flags stand elsewhere.
UNKNOWN = (
    *(r"^[\p{L} ]+$", "^.{1,300}$", "(?i)^zoë$", r"(?P<first>[a-z])b", "[[:alpha:]]+", r"\bab\b", r"^[\W]+$"),
    r"[\s\S]+",
)


@pytest.mark.parametrize("pattern", [*KNOWN, *UNKNOWN])
def test_a_pattern_is_broken_by_the_values_that_the_judge_refuses(warehouse_dsn: str, pattern: str) -> None:
    values = sql.SQL("(SELECT UNNEST({}) AS code) AS given").format(sql.Literal(list(VALUES)))

    with warehouse.connect(warehouse_dsn, application_name="test") as connection, connection.cursor() as cursor:
        is_broken = differs_from(cursor, values, "code", pattern)
        cursor.execute(sql.SQL("SELECT code FROM {} WHERE {}").format(values, is_broken))
        broken = [value for (value,) in cursor.fetchall()]

    kept = matches_whole(pa.array(VALUES), pattern).to_pylist()
    assert pattern_fault(pattern) is None
    assert (as_postgres(pattern) is None) is (pattern in UNKNOWN)
    assert broken == [value for value, keeps in zip(VALUES, kept, strict=True) if not keeps]
    assert len(broken) > 0
