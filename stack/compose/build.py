"""Build the project's image, and tell how far it is."""

import re

from stack.backend import StackError
from stack.compose import failures
from stack.compose.engine import Engine
from stack.progress import Progress

# A line of BuildKit's plain output that begins a step, such as "#8 [airflow-init 4/7] RUN apt-get update".
STEP = re.compile(r"#\d+ \[\S+ (?:stage-0 )?(?P<number>\d+/\d+)\] (?P<doing>.+)")
WIDTH = 60


def build_image(engine: Engine, progress: Progress, *, is_first: bool) -> None:
    """Build what has changed; where nothing has, this takes half a second."""
    if is_first:
        progress.say("the image is built first: a few minutes and 2 GB, once")
    with progress.step("building the image"):
        outcome = engine.compose("build", "airflow-init", on_line=lambda line: _show(line, progress))
    if outcome.code:
        raise StackError(failures.explain_build(outcome.lines))


def _show(line: str, progress: Progress) -> None:
    if step := describe_step(line):
        progress.show(f"building the image: {step}")


def describe_step(line: str) -> str:
    """Which step of the Dockerfile begins here; empty where none does."""
    found = STEP.fullmatch(line)
    return f"step {found['number']} {found['doing'][:WIDTH]}" if found else ""
