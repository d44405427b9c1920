"""The most memory that the stack's services held together while something ran."""

import threading
from contextlib import suppress

from stack.backend import Backend, StackError

INTERVAL_SECONDS = 1


class Peak:
    """Looks once a second, from its own thread, between entry and exit."""

    def __init__(self, backend: Backend) -> None:
        self.bytes = 0
        self._backend = backend
        self._is_over = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Peak":
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._sampler.join()

    def _sample(self) -> None:
        while not self._is_over.wait(INTERVAL_SECONDS):
            # A service that is just being started again must not end the watch.
            with suppress(StackError, OSError):
                self.bytes = max(self.bytes, self._backend.memory_bytes())
