"""Numbers in sentences."""

_SEVERAL = {"has": "have", "is": "are", "does": "do"}


def counted(number: int, noun: str, verb: str = "") -> str:
    """A number with its noun, and with a verb, both as they are for one: "1 file has", "2 files have"."""
    if number != 1:
        noun += "es" if noun.endswith(("ch", "s")) else "s"
        verb = _SEVERAL.get(verb, verb.removesuffix("s"))
    return f"{number:,} {noun} {verb}".rstrip()
