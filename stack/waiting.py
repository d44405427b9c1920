"""Wait for a condition, with a limit."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], bool], *, limit_seconds: float, every_seconds: float = 0.1) -> bool:
    """Ask until it holds. False where it did not within the limit."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_seconds)
    return True
