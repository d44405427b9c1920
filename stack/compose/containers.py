"""The containers of the stack, and what their states mean for its services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from stack.backend import SERVICES, ServiceStatus
from stack.compose.engine import Engine

# A container that has ended that often does not mend itself.
MANY_RESTARTS = 3
# What is wrong with one of several workers counts more than what is right with the others.
WORST_FIRST = ("failed", "starting", "healthy")

COLUMNS = r'{{.ID}}\t{{.Label "com.docker.compose.service"}}\t{{.State}}\t{{.Status}}'
ENDINGS = "{{.Id}}\t{{.RestartCount}}\t{{.State.ExitCode}}\t{{.State.OOMKilled}}"


@dataclass(frozen=True)
class Ending:
    """How the last life of a container ended."""

    restarts: int = 0
    code: int = 0
    is_out_of_memory: bool = False

    def __str__(self) -> str:
        why = "it ran out of memory (mem_limit in docker-compose.yml)" if self.is_out_of_memory else f"exit {self.code}"
        return f"{why}, started again {self.restarts} times"


@dataclass(frozen=True)
class Container:
    """One container. `state` is the engine's word, `status` its sentence, such as "Up 5 seconds (healthy)"."""

    identity: str
    service: str
    state: str
    status: str
    ending: Ending = Ending()


def find_containers(engine: Engine, project: str) -> list[Container]:
    """Every container of this project's services, with the ending of those that come and go."""
    listed = parse_listing(engine.ask("ps", "--all", "--no-trunc", "--format", COLUMNS, *_filters(project)))
    unsteady = [container.identity for container in listed if container.state == "restarting"]
    if not unsteady:
        return listed
    endings = parse_endings(engine.ask("inspect", "--format", ENDINGS, *unsteady))
    return [
        Container(one.identity, one.service, one.state, one.status, endings.get(one.identity, Ending()))
        for one in listed
    ]


def _filters(project: str) -> list[str]:
    labels = (f"com.docker.compose.project={project}", "com.docker.compose.oneoff=False")
    return [word for label in labels for word in ("--filter", f"label={label}")]


def parse_listing(text: str) -> list[Container]:
    rows = (line.split("\t") for line in text.splitlines() if line)
    return [Container(identity, service, state, status) for identity, service, state, status in rows]


def parse_endings(text: str) -> dict[str, Ending]:
    rows = (line.split("\t") for line in text.splitlines() if line)
    return {identity: Ending(int(count), int(code), killed == "true") for identity, count, code, killed in rows}


def started_before(engine: Engine, containers: Sequence[Container], moment: float) -> list[str]:
    """The services of these containers that began before a moment, given in seconds since 1970."""
    if not containers:
        return []
    told = engine.ask("inspect", "--format", "{{.State.StartedAt}}", *(one.identity for one in containers)).split()
    began = zip(containers, map(seconds_since_1970, told), strict=True)
    return sorted({container.service for container, second in began if second < moment})


def seconds_since_1970(timestamp: str) -> float:
    """Read the engine's UTC timestamp; Python 3.10 takes neither its nine decimals nor its Z."""
    return datetime.fromisoformat(timestamp[: len("2026-01-02T03:04:05")] + "+00:00").timestamp()


def judge_services(containers: Sequence[Container]) -> list[ServiceStatus]:
    """One status for each service; of several containers the worst counts, and those that were stopped do not."""
    return [_judge_service(name, [one for one in containers if one.service == name]) for name in SERVICES]


def _judge_service(name: str, containers: Sequence[Container]) -> ServiceStatus:
    verdicts = [verdict for verdict in map(_judge, containers) if verdict.state != "stopped"]
    return min(verdicts, key=lambda one: WORST_FIRST.index(one.state), default=ServiceStatus(name, "stopped"))


def _judge(container: Container) -> ServiceStatus:
    name, ending = container.service, container.ending
    if container.state == "restarting":
        return ServiceStatus(name, "failed" if ending.restarts >= MANY_RESTARTS else "starting", str(ending))
    if container.state != "running":
        return ServiceStatus(name, "stopped")
    if "(unhealthy)" in container.status:
        return ServiceStatus(name, "failed", "it runs, but fails its health check")
    if "(healthy)" in container.status:
        return ServiceStatus(name, "healthy")
    return ServiceStatus(name, "starting", "does not answer yet")
