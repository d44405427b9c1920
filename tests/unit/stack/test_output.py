"""A script whose output nobody takes ends quietly."""

import os
import subprocess
import sys

import pytest

from stack.layout import ROOT

ASKING = "import sys; from stack import output; sys.exit(output.run(lambda _: print(sys.stdout.isatty()) or 3, []))"


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "stack", "logs", "--help"],
        *([f"validate_{name}.py", "--help"] for name in ("simple", "complete", "production")),
    ],
)
def test_whoever_has_read_enough_ends_it_without_a_complaint(arguments: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, *arguments]

    done = subprocess.run(command, cwd=ROOT, env={}, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)

    assert (done.returncode, done.stderr) == (1, b"")


def test_an_output_that_is_closed_takes_what_is_said() -> None:
    command = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-c", ASKING]

    done = subprocess.run(command, cwd=ROOT, env={}, stderr=subprocess.PIPE, check=False)

    assert (done.returncode, done.stderr) == (3, b"")
