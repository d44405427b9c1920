"""The wait for health: what is told, and when it is given up."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from stack.backend import ServiceStatus, StackError
from stack.health import HOPELESS_CRASHES, HealthWatch, wait_for_health
from stack.progress import Progress

HEALTHY = ServiceStatus("redis", "healthy")
STARTING = ServiceStatus("redis", "starting", "does not answer yet")
CRASHED = ServiceStatus("redis", "starting", "ended, and is started again", is_restarting=True)
FAILED = ServiceStatus("redis", "failed", "exited too often")


class Sequel:
    """A backend whose one service goes through these states, one at each question, and stays in the last."""

    def __init__(self, *states: ServiceStatus) -> None:
        self._states: Iterator[ServiceStatus] = iter(states)
        self._last = states[-1]

    def status(self) -> Sequence[ServiceStatus]:
        return [next(self._states, self._last)]

    def log_tail(self, service: str, lines: int) -> list[str]:  # noqa: ARG002 - as the real ones
        return [f"the last words of {service}"]


def wait(*states: ServiceStatus, limit_seconds: float = 5) -> str:
    told = io.StringIO()
    backend: Any = Sequel(*states)
    wait_for_health(backend, Progress(told), limit_seconds)
    return told.getvalue()


def test_the_wait_ends_when_all_are_healthy_and_tells_of_each_once() -> None:
    assert wait(STARTING, HEALTHY).count("redis is healthy") == 1


def test_a_service_that_failed_ends_the_wait_with_the_end_of_its_log_and_the_fix() -> None:
    with pytest.raises(
        StackError, match=r"(?s)redis is not healthy: exited too often.*the last words.*\./logs.sh redis"
    ):
        wait(STARTING, FAILED, limit_seconds=60)


def test_a_service_that_starts_too_slowly_is_named() -> None:
    with pytest.raises(StackError, match="redis is not healthy: does not answer yet"):
        wait(STARTING, limit_seconds=0)


def test_one_crash_is_forgiven() -> None:
    assert "all services are healthy" in wait(CRASHED, STARTING, HEALTHY)


def test_a_service_that_crashes_again_and_again_is_given_up() -> None:
    watch = HealthWatch()
    for _ in range(HOPELESS_CRASHES):
        assert watch.hopeless() == []
        watch.see([CRASHED])
        watch.see([STARTING])
    assert watch.hopeless() == [STARTING]


def test_one_long_crash_counts_once() -> None:
    watch = HealthWatch()
    for _ in range(HOPELESS_CRASHES * 2):
        watch.see([CRASHED])
    assert watch.hopeless() == []
