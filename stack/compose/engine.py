"""Talk to the Docker engine, always by its command line: it is there wherever Docker is."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stack.backend import StackError
from stack.layout import ROOT
from stack.settings import Settings
from stack.spark_mode import spark_mode

# Of the output of a long command, enough to explain how it failed.
KEPT_LINES = 40
NO_ENGINE = "no Docker engine answers; start Docker, or use ./start.sh --local, which needs none"


@dataclass(frozen=True)
class Outcome:
    """How a command ended, with the last lines it wrote."""

    code: int
    lines: Sequence[str]


class Engine:
    """`docker` and `docker compose`, run in the repository's folder with the settings in the environment.

    Compose reads .env by itself. The settings are given besides, so that everything but a start works without the file.
    """

    def __init__(self, settings: Settings) -> None:
        # Plain lines instead of a moving picture: they are read here, and shown by Progress.
        plain = {"BUILDKIT_PROGRESS": "plain", "COMPOSE_ANSI": "never"}
        profiles = {"COMPOSE_PROFILES": spark_mode()}
        self._environ = {**os.environ, **settings.values, **plain, **profiles}

    def ask(self, *arguments: str) -> str:
        """What `docker ARGUMENTS` prints. Raises StackError where no engine answers or it refuses."""
        done = self._run(["docker", *arguments], capture_output=True)
        if done.returncode:
            complaint = done.stderr.strip().splitlines()[-1:] or ["it gave no reason"]
            raise StackError(f"docker {arguments[0]} failed: {complaint[0]}\n  fix: {NO_ENGINE}")
        return done.stdout

    def compose(self, *arguments: str, on_line: Callable[[str], None] = lambda _: None) -> Outcome:
        """Run `docker compose ARGUMENTS`, handing on each line as it comes."""
        lines: list[str] = []
        with self._start("docker", "compose", *arguments) as process:
            assert process.stdout is not None  # noqa: S101 - asked for below
            for line in process.stdout:
                if text := line.strip():
                    on_line(text)
                    lines = [*lines[1 - KEPT_LINES :], text]
        return Outcome(process.returncode, lines)

    def hand_over(self, *arguments: str) -> int:
        """Run `docker compose ARGUMENTS` on this terminal and return its exit code."""
        sys.stdout.flush()
        return self._run(["docker", "compose", *arguments]).returncode

    def _run(self, command: Sequence[str], *, capture_output: bool = False) -> "subprocess.CompletedProcess[str]":
        try:
            return subprocess.run(
                command, cwd=ROOT, env=self._environ, capture_output=capture_output, text=True, check=False
            )
        except FileNotFoundError:
            raise StackError(NO_ENGINE) from None

    def _start(self, *command: str) -> "subprocess.Popen[str]":
        try:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except FileNotFoundError:
            raise StackError(NO_ENGINE) from None
