"""Contracts of every kind and rule, and records for them: legal, nearly legal and broken in every way."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from batch_etl.contract import Column, Contract, Dialect
from tests.unit.transforms.oracle import Value

Record = dict[str, str | None]

_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
# What is left of a column then is its kind.
NO_RULES = {"normalisations": (), "pattern": None, "min_length": None, "max_length": None}
NO_RULES |= {"allowed_values": (), "minimum": None, "maximum": None}
# In the language that Python and RE2 share: \s is not, they differ over which blanks there are.
_PATTERNS = (
    None,
    r"^S\d{3}$",
    "[A-Z]{2}",
    r"[^@ ]+@[^@ ]+\.[a-z]+",
    r"\w+ ?\w*",
    "a|bb|ccc",
    "x.*y",
    "^$|🎁+",
    r"(?i)ok\.?",
)
_DATE_FORMATS = ("yyyy-MM-dd", "dd/MM/yyyy", "dd.MM.yyyy", "MM-dd-yyyy", "yyyyMMdd", "yyyy'y'MM'm'dd")
_TIME_FORMATS = ("yyyy-MM-dd'T'HH:mm:ss'Z'", "dd.MM.yyyy HH:mm", "yyyyMMddHHmmss", "HH' o clock on 'yyyy/MM/dd")
_LOOK_RIGHT = r"""
1,5 1.234,56 12,34,56
1.005 1,005 +1 .5 5. ,5 5, 1e3 1E3 0x10 1_000 ٣ ٣.٥ ½ 1½ $5 5% NaN nan Infinity - --1 -0 -0.00 0 007
999999999999999999 9999999999999999999 99999999999999999999999999999999999999 999999999999999999999999999999999999999
-32768 32768 -2147483648 2147483648 9223372036854775808 null None true TRUE True false yes 1
2025-02-29 2024-02-29 1900-02-29 2025-02-30 2025-13-01 2025-00-10 0000-01-01 0001-01-01 9999-12-31 2025-1-01 10000-01-01
29/02/2025 31.04.2025 20250230 ٢٠٢٥-٠١-٠١ today 2025-01-01T24:00:00Z 2025-01-01T10:60:00Z 2025-06-30T23:59:60Z
2025-01-01T10:00:00+01:00 2025-01-01T10:00:00.5Z é Σ ς ǆ 🎁 👩‍👩‍👧 S001 s001 a@b.c OK.
""".split()  # noqa: SIM905 - in quotes and commas nobody would see them
_BLANK_OR_ODD = (
    *("", " ", "\t", "\n", "\r\n", "\v", "\f", "\x1c", "\x85", "\u00a0", "\u2028", "\u200b", "\ufeff", "\u2003x\u2003"),
    *(" 1", "1 ", "1\n", " true", "x\ny", "x \t y", "a\x00b", "\x07", "e\u0301", "2025-01-01\n", "2025-01-01 extra"),
    *("30.02.2025 10:00", "31.12.2025 24:00", "x" * 5_000, "7" * 5_000),
)
BROKEN = (*_LOOK_RIGHT, *_BLANK_OR_ODD)
# Unicode 16 gave these another case, and Python's tables and Arrow's are of different years.
_RECENTLY_CASED = "ƛɤɷɼꟓꟕꭋꭌ"
# One character stays one character: what becomes of the others is drawn where the judge is tested.
_CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cn",), exclude_characters=_RECENTLY_CASED).filter(
    lambda character: len(character.upper()) == len(character.lower()) == 1
)


def text(*, max_size: int = 12) -> SearchStrategy[str]:
    """Anything that can be written in UTF-8."""
    return st.text(_CHARACTERS, max_size=max_size)


@st.composite
def _text_rules(draw: DrawFn) -> dict[str, object]:
    shortest, longest = sorted([draw(st.integers(0, 12)), draw(st.integers(0, 12))])
    allowed = st.lists(text(max_size=3) | st.sampled_from(["S001", "AB", "🎁"]), max_size=4).map(tuple)
    rules = {"min_length": shortest, "max_length": longest, "pattern": draw(st.sampled_from(_PATTERNS))}
    rules |= {"allowed_values": draw(allowed), "warns_only": draw(st.booleans())}
    return {name: rules[name] for name in draw(st.lists(st.sampled_from(sorted(rules)), unique=True))}


@st.composite
def _decimal_rules(draw: DrawFn) -> dict[str, object]:
    precision = draw(st.integers(1, 38))
    scale = draw(st.integers(0, precision - 1))
    return {"precision": precision, "scale": scale, "physical_type": f"numeric({precision},{scale})"}


_RULES: dict[str, SearchStrategy[dict[str, object]]] = {
    "text": _text_rules(),
    "integer": st.fixed_dictionaries({"physical_type": st.sampled_from(list(_BITS))}),
    "decimal": _decimal_rules(),
    "date": st.fixed_dictionaries({"time_format": st.sampled_from(_DATE_FORMATS)}),
    "timestamp": st.fixed_dictionaries({"time_format": st.sampled_from(_TIME_FORMATS)}),
    "boolean": st.just({}),
}


@st.composite
def columns(draw: DrawFn, name: str) -> Column:
    """A column of any kind with any of the rules that a contract may have for it."""
    kind = draw(st.sampled_from(list(_RULES)))
    steps = st.lists(
        st.sampled_from(["trim", "collapse_blanks", "nfc", draw(st.sampled_from(["upper", "lower"]))]), unique=True
    )
    rules = {
        "is_required": draw(st.booleans()),
        "normalisations": tuple(draw(st.just([]) | steps)),
        **draw(_RULES[kind]),
    }
    bare = Column.model_validate({"name": name, "kind": kind, "physical_type": kind, "description": "", **rules})
    return bare.model_copy(update=_limits(draw, bare))


@st.composite
def contracts(draw: DrawFn) -> Contract:
    """A contract of one to five columns."""
    key, *others = (draw(columns(f"c{i}")) for i in range(draw(st.integers(1, 5))))
    drawn = (key.model_copy(update={"is_required": True}), *others)
    return Contract(
        dataset="drawn",
        file_format="csv",
        file_pattern="*",
        dialect=Dialect(decimal_separator=draw(st.sampled_from([".", ","]))),
        columns=drawn,
        key=(key.name,),
        version_order=tuple(draw(st.lists(st.sampled_from([c.name for c in drawn]), unique=True))),
        ledger_amount=None,
        references={},
    )


def _limits(draw: DrawFn, column: Column) -> dict[str, str]:
    """Minimum and maximum, or one of them, or none, as a contract writes them."""
    if column.kind in ("text", "boolean"):
        return {}
    iso = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd'T'HH:mm:ss'Z'"}.get(column.kind)
    in_contract = column.model_copy(update={"time_format": iso})
    lowest, highest = sorted([draw(values(column)), draw(values(column))])
    limits = {"minimum": canonical(lowest, in_contract, "."), "maximum": canonical(highest, in_contract, ".")}
    return {name: limits[name] for name in draw(st.lists(st.sampled_from(sorted(limits)), unique=True))}


def values(column: Column) -> SearchStrategy[Value]:
    """Values that a column of this kind can hold, whatever its rules."""
    if column.kind == "integer":
        most = min(2 ** (_BITS[column.physical_type] - 1) - 1, 10**18 - 1)
        return st.integers(-most, most)
    if column.kind == "decimal":
        most = 10 ** (column.precision or 0) - 1
        return st.integers(-most, most).map(lambda unscaled: _shifted(unscaled, column.scale or 0))
    if column.kind == "date":
        return st.dates()
    if column.kind == "timestamp":
        return st.datetimes(timezones=st.just(UTC)).map(lambda moment: _cut(moment, column.time_format or ""))
    return st.booleans() if column.kind == "boolean" else text()


def _shifted(unscaled: int, scale: int) -> Decimal:
    digits = Decimal(unscaled).as_tuple()
    return Decimal((digits.sign, digits.digits, -scale))


def _cut(moment: datetime, time_format: str) -> datetime:
    """Without what the format has no letters for."""
    minute, second = moment.minute if "mm" in time_format else 0, moment.second if "ss" in time_format else 0
    return moment.replace(minute=minute, second=second, microsecond=0)


def canonical(value: Value, column: Column, separator: str) -> str:
    """The one spelling of a value that needs no thought."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}".replace(".", separator)
    if isinstance(value, date):
        return _written(value, column.time_format or "")
    return str(value)


def _written(moment: date, time_format: str) -> str:
    second = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    fields = {"yyyy": f"{second.year:04}", "MM": f"{second.month:02}", "dd": f"{second.day:02}"}
    fields |= {"HH": f"{second.hour:02}", "mm": f"{second.minute:02}", "ss": f"{second.second:02}"}
    quoted = time_format.split("'")
    # What stands between quotes has odd places.
    for place in range(0, len(quoted), 2):
        for field, digits in fields.items():
            quoted[place] = quoted[place].replace(field, digits)
    return "".join(quoted)


@st.composite
def spellings(draw: DrawFn, column: Column, separator: str) -> str:
    """A text that is exactly in the form of a column's kind: also with zeros that say nothing."""
    written = canonical(draw(values(column)), column, separator)
    if column.kind == "integer":
        sign, digits = written[: written.count("-")], written.removeprefix("-")
        return sign + digits.zfill(draw(st.integers(len(digits), 18)))
    if column.kind == "decimal" and separator in written:
        least = written.index(separator) + 2
        shorter = written[: draw(st.integers(least, len(written)))]
        return shorter if draw(st.booleans()) else written[: least - 2]
    return written


@st.composite
def texts(draw: DrawFn, column: Column, separator: str) -> str | None:
    """What a source file may hold for a column: missing, right, nearly right, wrong, or anything."""
    right = spellings(column, separator)
    how = draw(st.integers(0, 9))
    if how == 0:
        return None
    if how <= 4:
        return draw(right)
    if how == 5 and column.allowed_values:
        return draw(st.sampled_from(column.allowed_values))
    if how <= 7:
        return draw(st.sampled_from(BROKEN))
    if how == 8:
        return draw(text())
    written = draw(right)
    place = draw(st.integers(0, len(written)))
    return written[:place] + draw(text(max_size=2)) + written[place + draw(st.integers(0, 1)) :]


def records(contract: Contract, *, most: int = 12) -> SearchStrategy[list[Record]]:
    """Records of a contract, as they are taken apart."""
    separator = contract.dialect.decimal_separator
    one = st.fixed_dictionaries({column.name: texts(column, separator) for column in contract.columns})
    return st.lists(one, max_size=most)


def as_ingested(
    drawn: Sequence[Record],
    contract: Contract,
    *,
    faults: Sequence[str | None] = (),
    not_text: Sequence[tuple[str, ...]] = (),
) -> pa.Table:
    """Records as ingestion leaves them, numbered from 1."""
    text_type = pa.string()
    named = {name: pa.array([record[name] for record in drawn], text_type) for name in contract.column_names}
    return pa.table(
        {
            **named,
            "_raw": pa.array(["raw"] * len(drawn), text_type),
            "_fault": pa.array(faults or [None] * len(drawn), text_type),
            "_not_text": pa.array(not_text or [None] * len(drawn), pa.list_(text_type)),
            "_record_number": pa.array(range(1, len(drawn) + 1), pa.int64()),
            "_source_file": pa.array(["file"] * len(drawn), text_type),
            "_batch_id": pa.array(["b1"] * len(drawn), text_type),
        }
    )
