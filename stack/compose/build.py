"""Build the project's image, and tell how far it is."""

import re

from stack.backend import StackError
from stack.compose import failures
from stack.compose.engine import Engine
from stack.progress import Progress

# A line of BuildKit's plain output that begins a step, such as "#8 [airflow-init 4/7] RUN apt-get update".
STEP = re.compile(r"#\d+ \[\S+ (?:stage-0 )?(?P<number>\d+/\d+)\] (?P<verb>[A-Z]+) (?:--\S+\s+)*(?P<rest>.+)")
WIDTH = 70


def build_image(engine: Engine, progress: Progress, *, is_first: bool) -> None:
    """Build what has changed; where nothing has, this takes half a second."""
    tell = progress.say if is_first else progress.show
    if is_first:
        progress.say("the image is built first: a few minutes and 2 GB, once")

    def tell_step(line: str) -> None:
        if step := describe_step(line):
            tell(f"building the image: {step}")

    with progress.step("building the image"):
        outcome = engine.compose("build", "airflow-init", on_line=tell_step)
    if outcome.code:
        raise StackError(failures.explain_build(outcome.lines))


def describe_step(line: str) -> str:
    """Which step of the Dockerfile begins here; empty where none does."""
    found = STEP.fullmatch(line)
    return f"step {found['number']} {found['verb']} {found['rest'][:WIDTH]}" if found else ""
