"""Tell what is going on, step by step, with the seconds since the start."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Steps as they begin and end. On a terminal the running step is shown and replaced by its result."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._began = time.monotonic()
        self._is_terminal = self._out.isatty()

    def elapsed(self) -> float:
        return time.monotonic() - self._began

    def say(self, message: str) -> None:
        self._write(f"{self._stamp()}  {message}\n")

    def show(self, message: str) -> None:
        """What is going on just now. Only a terminal shows it, on a line that the next message replaces."""
        if self._is_terminal:
            self._write(f"{self._stamp()}  {message}")

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Say `doing`, then once more with the seconds it took. A failure leaves the line as it stands."""
        began = time.monotonic()
        self.show(f"{doing} …")
        yield
        self.say(f"{doing} ({time.monotonic() - began:.1f} s)")

    def _stamp(self) -> str:
        return f"[{self.elapsed():6.1f} s]"

    def _write(self, text: str) -> None:
        # \r and "erase to the end of the line" let a result take the place of the step it ends.
        self._out.write(f"\r\x1b[K{text}" if self._is_terminal else text)
        self._out.flush()
