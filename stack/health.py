"""Wait until every service answers, and explain where one does not."""

import time
from collections import Counter
from collections.abc import Sequence

from stack.backend import Backend, ServiceStatus, StackError
from stack.progress import Progress

LIMIT_SECONDS = 240
# One crash may be a neighbour that was not there yet; a service that crashes that often does not mend itself.
HOPELESS_CRASHES = 4
TAIL_LINES = 15


class HealthWatch:
    """What has been seen of the services since the wait began."""

    def __init__(self) -> None:
        self._last: dict[str, ServiceStatus] = {}
        self._crashes: Counter[str] = Counter()

    def see(self, services: Sequence[ServiceStatus]) -> list[str]:
        """Take in how the services are now; returns the names of those that have become healthy."""
        before, self._last = self._last, {service.name: service for service in services}
        for name, service in self._last.items():
            if service.is_restarting and not (name in before and before[name].is_restarting):
                self._crashes[name] += 1
        return [name for name in self._last if self._is_healthy(name) and before.get(name) != self._last[name]]

    def _is_healthy(self, name: str) -> bool:
        return self._last[name].state == "healthy"

    def waiting(self) -> list[ServiceStatus]:
        return [service for service in self._last.values() if service.state != "healthy"]

    def hopeless(self) -> list[ServiceStatus]:
        return [
            service
            for service in self.waiting()
            if service.state == "failed" or self._crashes[service.name] >= HOPELESS_CRASHES
        ]


def wait_for_health(backend: Backend, progress: Progress, limit_seconds: float = LIMIT_SECONDS) -> None:
    """Until every service answers. Ends early, with the reason, where one never will."""
    watch, deadline = HealthWatch(), time.monotonic() + limit_seconds
    while True:
        for name in watch.see(backend.status()):
            progress.say(f"  {name} is healthy")
        if not watch.waiting():
            break
        if watch.hopeless() or time.monotonic() > deadline:
            raise StackError(explain(backend, watch.hopeless() or watch.waiting()))
        progress.show(f"waiting for {', '.join(service.name for service in watch.waiting())}")
        time.sleep(0.3)
    progress.say("all services are healthy")


def explain(backend: Backend, unhealthy: Sequence[ServiceStatus]) -> str:
    """Each service that is not well, with the end of its log and where to read on."""
    parts = []
    for service in unhealthy:
        parts.append(f"{service.name} is not healthy: {service.detail or service.state}")
        parts += [f"    {line}" for line in backend.log_tail(service.name, TAIL_LINES)]
        parts.append(f"  fix: ./logs.sh {service.name} says more; mend it and ./start.sh again (./stop.sh ends all)")
    return "\n".join(parts)
