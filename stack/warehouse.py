"""Questions that only the pipeline can answer, put through ./etl, which runs where the stack runs."""

import json
import os
import subprocess
from typing import Any

from stack.airflow_api import Json
from stack.backend import StackError
from stack.layout import ROOT

DEMO_SIZES = ("small", "medium", "large")
FILE_NAMES = ("sales_data_{}.csv", "customer_data_{}.json", "products_data_{}.csv")


class Warehouse:
    """The warehouse of the stack that runs."""

    def sources(self) -> list[Json]:
        """The files whose records were read, one object each."""
        found: list[Json] = self._ask("sources", "--json")
        return found

    def contents(self) -> Json:
        """The newest release, and rows and hash of each published table."""
        found: Json = self._ask("contents", "--json")
        return found

    def releases(self) -> list[Json]:
        """The newest first."""
        found: list[Json] = self._ask("releases", "--json")
        return found

    def differences(self, before: int, after: int) -> list[Json]:
        found: list[Json] = self._ask("releases", "diff", str(before), str(after), "--json")
        return found

    def restore(self, release: int) -> Json:
        found: Json = self._ask("releases", "restore", str(release), "--json")
        return found

    def resume(self) -> None:
        self._ask("releases", "resume", "--json")

    def compare(self, size: str, *, within: str) -> Json:
        """Every figure of the files of a size, and of the tables where `within` is the largest size that was read."""
        found: Json = self._ask("verify", "--size", size, "--within", within, "--json")
        return found

    def generate(self, rows: int) -> None:
        self._run("generate", "--rows", str(rows))

    def draw_growth(self, points: str, plot: str) -> None:
        self._run("growth", points, plot)

    def _ask(self, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        done = self._run(*arguments, may_fail=True)
        try:
            # The last line: Compose may have said something before it.
            found = json.loads(done.stdout.splitlines()[-1])
        except (ValueError, IndexError):
            raise _failure(arguments, done) from None
        if isinstance(found, dict) and "error" in found:
            raise _failure(arguments, done)
        return found

    def _run(self, *arguments: str, may_fail: bool = False) -> "subprocess.CompletedProcess[str]":
        own = {**os.environ, "COLUMNS": "200"}
        done = subprocess.run(
            [ROOT / "etl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=own, check=False
        )
        if done.returncode and not may_fail:
            raise _failure(arguments, done)
        return done


def _failure(arguments: tuple[str, ...], done: "subprocess.CompletedProcess[str]") -> StackError:
    words = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return StackError(f"./etl {' '.join(arguments)} failed: {words[-1] if words else 'it said nothing'}")


def size_of(file_name: str) -> str:
    """The size that a file of the demo belongs to, or the number in a generated one's name; '' for any other file."""
    for template in FILE_NAMES:
        before, after = template.split("{}")
        label = file_name.removeprefix(before).removesuffix(after)
        if template.format(label) == file_name and (label in DEMO_SIZES or label.isdecimal()):
            return label
    return ""


def largest(sizes: set[str]) -> str:
    """The largest of these sizes, which holds the others; a number counts its sales."""
    counts = {"": 0, "small": 20, "medium": 100, "large": 5_000}
    return max(sizes, key=lambda size: counts.get(size) or int(size or 0), default="")
