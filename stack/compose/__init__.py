"""Compose mode: the services as containers."""

from stack.compose.compose_backend import ComposeBackend
from stack.settings import Settings


def open_backend(settings: Settings) -> ComposeBackend:
    return ComposeBackend(settings)
