"""What start.sh and its siblings ask of a way to run the stack: `stack.local` and `stack.compose` answer.

A backend is made by `open_backend(settings)` in its module and holds no state beside the settings: whatever it
needs to know about a running stack it asks the processes or the engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from stack.progress import Progress
from stack.spark_mode import spark_mode

# One name for a service in both modes: supervisor program, Compose service, log file and `./logs.sh NAME`.
SERVICES = (
    "postgres",
    "redis",
    "spark-master",
    "spark-worker",
    "airflow-api-server",
    "airflow-scheduler",
    "airflow-dag-processor",
    "airflow-triggerer",
    "airflow-worker",
    # Where the stages share a session; it holds cores and memory that nobody else gets.
    *(("spark-connect",) if spark_mode() == "connect" else ()),
)

# The service that listens on a port of .env: a port it holds itself is no conflict.
PORT_SERVICES = {
    "AIRFLOW_PORT": "airflow-api-server",
    "SPARK_UI_PORT": "spark-master",
    "SPARK_PORT": "spark-master",
    "SPARK_CONNECT_PORT": "spark-connect",
    "POSTGRES_PORT": "postgres",
    "REDIS_PORT": "redis",
}


class StackError(Exception):
    """Something a person must mend; the message holds the problem and its fix. Shown without a traceback."""


@dataclass(frozen=True)
class Problem:
    """One finding of the preflight. `is_fatal` is false for what merely deserves a warning."""

    what: str
    fix: str
    is_fatal: bool = True


@dataclass(frozen=True)
class ServiceStatus:
    """How one service is. `detail` says in a few words why it is not healthy, or is empty."""

    name: str
    state: Literal["healthy", "starting", "failed", "stopped"]
    detail: str = ""
    # Its process has ended by itself and is being started again.
    is_restarting: bool = False


class Backend(Protocol):
    """One way to run the stack. Methods that act raise StackError with the fix in its message."""

    name: Literal["docker", "local"]

    def check(self) -> list[Problem]:
        """What keeps this mode from starting, ports, memory and disk aside (checked for both). Changes nothing."""

    def up(self, progress: Progress) -> None:
        """Start what is not running, in the right order, and come back without waiting for health.

        Leaves running services alone, unless their configuration changed. May take long on the first call (venv,
        image), and then tells so through `progress`.
        """

    def prepare(self, progress: Progress) -> None:
        """What can only happen once all services are healthy, before the first run: the warehouse's tables."""

    def down(self, progress: Progress) -> None:
        """End every process or container of the stack; data stays. Does nothing where nothing runs."""

    def status(self) -> list[ServiceStatus]:
        """Every service of SERVICES, in that order, asked now. Takes a second or two at most."""

    def log_tail(self, service: str, lines: int) -> list[str]:
        """The last lines of a service's log, for an error message."""

    def show_logs(self, services: Sequence[str], *, follow: bool) -> int:
        """Print the logs of these services (of all, where none is named) and return an exit code."""

    def memory_bytes(self) -> int:
        """What all services hold together just now. Takes two seconds at most."""

    def crash(self, service: str) -> None:
        """End the processes of a service without warning, as a machine that fails would; it is started again."""

    def etl(self, arguments: Sequence[str]) -> int:
        """Run `python -m batch_etl ARGUMENTS` where the stack runs, on this terminal, and return its exit code."""

    def leftovers(self, *, everything: bool) -> list[str]:
        """What `remove` would delete, in words a person understands; empty where there is nothing."""

    def remove(self, *, everything: bool) -> None:
        """Delete the database and what else this mode keeps; with `everything` also what a start downloads."""
