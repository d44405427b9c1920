"""What scripts print, also where standard output is closed, or where nobody reads it to its end."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path


def plain(text: str) -> str:
    """Lines as a terminal shows them: a blank for each character that could steer it."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)


def run(main: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> int:
    """Do what a script does, and give its exit code."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - until the process ends
    try:
        try:
            return main(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has had enough of it (`| head`); Python's own goodbye to stdout would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
