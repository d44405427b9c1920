"""Open the backend of a mode, and find out which one is at work."""

import importlib
from contextlib import suppress

from stack.backend import Backend, StackError
from stack.layout import LOCAL
from stack.local import supervisor
from stack.mode import Mode, look_for_docker
from stack.settings import Settings

MODULES: dict[Mode, str] = {"local": "stack.local", "docker": "stack.compose"}
REMEMBERED = LOCAL / "mode"


def open_backend(mode: Mode, settings: Settings) -> Backend:
    # Imported when needed: an error in one mode must not keep the other from working.
    backend: Backend = importlib.import_module(MODULES[mode]).open_backend(settings)
    return backend


def remember_mode(mode: Mode) -> None:
    LOCAL.mkdir(exist_ok=True)
    REMEMBERED.write_text(mode + "\n", encoding="utf-8")


def forget_mode() -> None:
    REMEMBERED.unlink(missing_ok=True)


def last_mode() -> Mode | None:
    """The mode of the last start; None before the first and after a clean."""
    if not REMEMBERED.exists():
        return None
    return "docker" if REMEMBERED.read_text(encoding="utf-8").strip() == "docker" else "local"


def running_mode(settings: Settings) -> Mode | None:
    if supervisor.is_running():
        return "local"
    if last_mode() == "docker" and is_up(open_backend("docker", settings)):
        return "docker"
    return None


def is_up(backend: Backend) -> bool:
    """Whether anything of this mode runs. An engine that does not answer runs nothing."""
    with suppress(StackError):
        return any(service.state != "stopped" for service in backend.status())
    return False


def open_current(settings: Settings) -> Backend:
    """The backend that runs, or else the one that ran last."""
    return open_backend(running_mode(settings) or last_mode() or "local", settings)


def open_all(settings: Settings) -> list[Backend]:
    """Every backend this machine can use: for what must leave nothing behind."""
    modes: list[Mode] = ["local"] if look_for_docker().trouble else ["local", "docker"]
    return [open_backend(mode, settings) for mode in modes]
