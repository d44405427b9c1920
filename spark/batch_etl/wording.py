"""Numbers and names in sentences, and anything in JSON."""

import json
from collections.abc import Sequence

_NAMED_AT_MOST = 3
_SEVERAL = {"has": "have", "is": "are", "does": "do"}


def counted(number: int, noun: str, verb: str = "", *, of: int | None = None) -> str:
    """A number with its noun and verb, both given as they are for one: "1 file has", "2 files have".

    of  how many there are, where the number is a part of them
    """
    if (number if of is None else of) != 1:
        noun += "es" if noun.endswith(("ch", "s")) else "s"
    if number != 1:
        verb = _SEVERAL.get(verb, verb.removesuffix("s"))
    several = f"{number:,}" if of is None else f"{number:,} of {of:,}"
    return f"{several} {noun} {verb}".rstrip()


def some_of(names: Sequence[str], *, at_most: int = _NAMED_AT_MOST) -> str:
    """The first few of them, and how many there are beside."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")


def in_json(told: object) -> str:
    """JSON that every program reads: what it has no number for, such as NaN, becomes a text."""
    # In ASCII: a lone surrogate, which a broken document may hold, can be written in no other way.
    text = json.dumps(told, default=str)
    return json.dumps(json.loads(text, parse_constant=str))
