"""Which way to run: Docker Compose where an engine answers, else local processes."""

import subprocess
from dataclasses import dataclass
from typing import Literal

from stack.backend import StackError

Mode = Literal["docker", "local"]
ENGINE_SECONDS = 4


@dataclass(frozen=True)
class Docker:
    """What there is of Docker. `trouble` says in a few words why it cannot be used, and is empty where it can."""

    engine: str = ""
    compose: str = ""
    trouble: str = ""


@dataclass(frozen=True)
class Choice:
    mode: Mode
    why: str


def look_for_docker() -> Docker:
    engine, complaint = _ask("docker", "version", "--format", "{{.Server.Version}}")
    if not engine:
        return Docker(trouble=why_no_engine(complaint))
    compose, _ = _ask("docker", "compose", "version", "--short")
    if compose:
        return Docker(engine, compose)
    old, _ = _ask("docker-compose", "version", "--short")
    found = f"only docker-compose {old} is there" if old else "it has no Compose"
    return Docker(
        engine, trouble=f"Docker {engine} answers, but {found}; the stack needs Compose v2 (`docker compose`)"
    )


def _ask(*command: str) -> tuple[str, str]:
    """What a command prints and what it complains about; both empty where there is no such command."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ENGINE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "", f"no answer within {ENGINE_SECONDS} s"
    except OSError:
        return "", ""
    return (done.stdout.strip() if done.returncode == 0 else ""), done.stderr.strip()


def why_no_engine(complaint: str) -> str:
    if not complaint:
        return "no Docker is installed"
    if "permission denied" in complaint.lower():
        return "Docker is there, but this user may not talk to it"
    return "Docker is installed, but no engine answers"


def choose(*, asked: Mode | None, running: Mode | None, last: Mode | None, docker: Docker) -> Choice:
    """Decide, in this order: what runs already, what was asked for, what ran last and has the data, what there is."""
    if running and asked not in {None, running}:
        raise StackError(f"the stack runs in {running} mode; ./stop.sh ends it, then it can start in {asked} mode")
    if running:
        return Choice(running, "it runs that way already")
    if asked == "docker" and docker.trouble:
        raise StackError(f"{docker.trouble}\n  fix: mend that, or run ./start.sh --local, which needs no Docker")
    if asked:
        return Choice(asked, "you asked for it")
    if last == "local" and not docker.trouble:
        return Choice("local", "as the last time, for its data are there; --docker starts anew in containers")
    if docker.trouble:
        return Choice("local", docker.trouble)
    return Choice("docker", f"Docker {docker.engine} with Compose {docker.compose} answers")
