"""Local mode: the services as processes of this machine, without Docker and without root."""

from stack.local.local_backend import LocalBackend
from stack.settings import Settings


def open_backend(settings: Settings) -> LocalBackend:
    return LocalBackend(settings)
