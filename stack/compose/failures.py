"""Turn what Docker writes when it fails into a problem and its fix."""

import re
from collections.abc import Callable, Sequence

from stack.backend import StackError
from stack.compose.engine import Outcome

LAST_LINES = 15
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")
# "service "airflow-init" didn't complete successfully" and "container demo-postgres-1 is unhealthy"
CULPRIT = re.compile(
    r'service "(?P<service>[\w-]+)" didn|container \S+?-(?P<container>[a-z]+(?:-[a-z]+)*)-\d+ is unhealthy'
)

# The first that occurs in an output names the fix.
FIXES = (
    ("port is already allocated", "another program holds a port; stop it or set another port in .env"),
    ("address already in use", "another program holds a port; stop it or set another port in .env"),
    ("no space left on device", "the disk is full; make room, for instance with docker system prune"),
    (
        "password authentication failed",
        "the database keeps its superuser's password of the first start; put that one back as "
        "POSTGRES_SUPERUSER_PASSWORD in .env, or "
        "delete the database with ./clean.sh",
    ),
    ("invalidtoken", "FERNET_KEY in .env is not the one the database was filled with; put that one back"),
    (
        "permission denied",
        "containers run as AIRFLOW_UID of .env and must be able to read this folder: chmod -R a+rX .",
    ),
    ("toomanyrequests", "the registry takes no more anonymous pulls for now; docker login, or try again later"),
    ("manifest unknown", "the registry does not know the image; see that docker-compose.yml is unchanged"),
    ("could not resolve", "no name server or no network; try again with a network"),
    ("temporary failure in name resolution", "no name server or no network; try again with a network"),
    ("no such host", "no name server or no network; try again with a network"),
    ("signal: killed", "Docker ran out of memory; give it 4 GB or more"),
)


def explain_build(lines: Sequence[str]) -> str:
    return _join("the image could not be built:", lines[-LAST_LINES:], find_fix(lines, "see the lines above"))


def explain_start(lines: Sequence[str], log_tail: Callable[[str, int], list[str]]) -> str:
    """Why `up` failed. Where a service is the cause, what it said last is what matters."""
    culprit = find_culprit(lines)
    if not culprit:
        return _join("the containers could not be started:", lines[-3:], find_fix(lines, "see the lines above"))
    said = log_tail(culprit, LAST_LINES)
    fix = find_fix(said, f"read on with ./logs.sh {culprit}, mend it, then ./start.sh again")
    return _join(f"{culprit} failed; it said last:", said, fix)


def find_culprit(lines: Sequence[str]) -> str:
    """The service that Compose gave up on, or nothing."""
    found = [match for match in map(CULPRIT.search, lines) if match]
    return (found[-1]["service"] or found[-1]["container"]) if found else ""


def find_fix(lines: Sequence[str], otherwise: str) -> str:
    text = "\n".join(lines).lower()
    return next((fix for sign, fix in FIXES if sign in text), otherwise)


def require(outcome: Outcome, what: str) -> None:
    """Raise StackError where it failed."""
    if outcome.code:
        raise StackError(_join(f"{what} failed:", outcome.lines[-3:], find_fix(outcome.lines, "see the lines above")))


def plain(line: str) -> str:
    """Without the control sequences that Compose 2.26 writes even into a pipe."""
    return CONTROL.sub("", line)


def _join(problem: str, lines: Sequence[str], fix: str) -> str:
    return "\n".join([problem, *(f"    {plain(line)}" for line in lines), f"  fix: {fix}"])
