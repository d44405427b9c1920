"""Patterns of contracts, which are RE2's, asked for in PostgreSQL's language."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.transforms.values import matches_whole

# Letters and digits as they are, then so many of one kind: ^S\d{8}$.
_NUMBER = re.compile(r"\^([A-Za-z0-9]*)(\\d|\[[A-Za-z0-9-]+\])\{(\d+)\}\$")
# RE2's kinds are ASCII's, PostgreSQL's of the same letters are Unicode's; RE2's dot takes no line end.
_KINDS = {"d": "0-9", "w": "0-9A-Za-z_", "s": r" \t\n\f\r"}
_CONTROLS = "tnfrv"
_TOKEN = re.compile(
    r"""
      \\(?P<escaped>.)
    | \[(?P<negated>\^?)(?P<items>\]?(?:\\.|[^\]\\])*)\]
    | (?P<repeated>(?:[*+?]|\{\d+(?:,\d*)?\})\??)
    | (?P<structure>\((?!\?)|\(\?:|[)|^$])
    | (?P<literal>[^\\\[\](){}*+?|^$])
    """,
    re.VERBOSE | re.DOTALL,
)
_ITEM = re.compile(r"\\.|[^\\]", re.DOTALL)
_MOST_REPETITIONS = 255
# So many values of a column that break its pattern are counted exactly.
_MOST_VALUES = 10_000
_VALUES_AT_ONCE = 100_000


def differs_from(cursor: Cursor, content: sql.Composable, column: str, pattern: str) -> sql.Composed:
    """Whether a value of the column is something else than the pattern says, from its first character to its last.

    content  the rows; where PostgreSQL has no word for the pattern, their values are looked at here
    """
    name = sql.Identifier(column)
    # PostgreSQL makes the states of an expression anew for each value. Of a counted repetition they are as many as it
    # counts, of an uncounted one two: with the length beside it half the time.
    number = _NUMBER.fullmatch(pattern)
    known = as_postgres(number.expand(r"^\1\2*$") if number else pattern)
    if number and known:
        either = sql.SQL("CHAR_LENGTH({0}) != {1} OR {0} !~ {2}")
        return either.format(name, sql.Literal(len(number[1]) + int(number[3])), sql.Literal(known))
    if known is None:
        broken = list(_values_that_differ(cursor, content, name, pattern))
        return sql.SQL("{} = ANY({}::text[])").format(name, sql.Literal(broken))
    # One that says so itself is left: a group more costs a third more.
    is_anchored = pattern.startswith("^") and pattern.endswith("$") and not pattern.endswith("\\$")
    whole = known if is_anchored and "|" not in pattern else f"^(?:{known})$"
    return sql.SQL("{} !~ {}").format(name, sql.Literal(whole))


def as_postgres(pattern: str) -> str | None:
    """The pattern in PostgreSQL's language; None where nothing there means exactly the same."""
    told, place, may_repeat = [], 0, False
    while place < len(pattern):
        token = _TOKEN.match(pattern, place)
        said = _said(token, may_repeat=may_repeat) if token else None
        if token is None or said is None:
            return None
        told.append(said)
        place = token.end()
        may_repeat = token["repeated"] is None and token["structure"] in (None, ")")
    return "".join(told)


def _said(token: re.Match[str], *, may_repeat: bool) -> str | None:
    if token["escaped"] is not None:
        return _escaped(token["escaped"])
    if token["items"] is not None:
        items = _items(token["items"])
        return items and f"[{token['negated']}{items}]"
    if repeated := token["repeated"]:
        counts = [int(count) for count in re.findall(r"\d+", repeated)]
        return repeated if may_repeat and max(counts, default=0) <= _MOST_REPETITIONS else None
    if token["literal"] == ".":
        return r"[^\n]"
    return token[0]


def _escaped(character: str) -> str | None:
    if character.lower() in _KINDS:
        return f"[{'' if character.islower() else '^'}{_KINDS[character.lower()]}]"
    return None if character.isalnum() and character not in _CONTROLS else f"\\{character}"


def _items(text: str) -> str | None:
    """What stands in brackets."""
    # PostgreSQL has more in brackets that begins like this.
    if any(beginning in text for beginning in ("[:", "[.", "[=")):
        return None
    items = [found[0] for found in _ITEM.finditer(text)]
    kinds = [_KINDS.get(item.removeprefix("\\")) if len(item) > 1 else None for item in items]
    told = []
    for before, item, kind, after in zip([None, *kinds], items, kinds, [*kinds[1:], None], strict=False):
        if len(item) > 1 and kind is None and item[1].isalnum() and item[1] not in _CONTROLS:
            return None
        # Beside a kind it stands for itself.
        told.append(kind or ("\\-" if item == "-" and (before or after) else item))
    return "".join(told)


def _values_that_differ(cursor: Cursor, content: sql.Composable, name: sql.Identifier, pattern: str) -> Iterator[str]:
    query = sql.SQL("SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL").format(name, content)
    with cursor.connection.cursor("values") as values:
        values.itersize = _VALUES_AT_ONCE
        values.execute(query)
        found = 0
        while found < _MOST_VALUES and (rows := values.fetchmany(_VALUES_AT_ONCE)):
            told = pa.array([value for (value,) in rows], pa.string())
            differing = told.filter(pc.invert(matches_whole(told, pattern)))
            found += len(differing)
            yield from differing.to_pylist()
