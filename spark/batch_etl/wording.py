"""Numbers and names in sentences."""

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


def some_of(names: Sequence[str]) -> str:
    """The first few of them, and how many there are beside."""
    more = len(names) - _NAMED_AT_MOST
    return ", ".join(names[:_NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")
