"""A publish or a restore that is killed before any of its words to the server leaves the old release or the new one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.chaos.readers import Readers
from tests.chaos.staged import Staged, State, some
from tests.integration.drawn_star import TABLES
from tests.integration.pipeline import PROJECT

KILLED = -9

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace: apt-get install strace")


def traced(dsn: str, *arguments: str, options: list[str]) -> int:
    """Run the publisher under strace; its exit code, or the negative number of the signal that ended it."""
    environ = {**os.environ, "WAREHOUSE_DSN": dsn, "PIPELINE_HOME": str(PROJECT)}
    # Without --seccomp-bpf, which is quicker and injects nothing.
    command = ["strace", "-f", "-qq", "-e", "trace=sendto", "-e", "signal=none", *options]
    program = [sys.executable, "-m", "tests.chaos.publisher", *arguments]
    done = subprocess.run([*command, *program], env=environ, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, KILLED), done.stderr
    return done.returncode


def killed_before(point: int) -> list[str]:
    return ["-o", os.devnull, "-e", f"inject=sendto:signal=SIGKILL:when={point}"]


def sends_of(dsn: str, *arguments: str, trace: Path) -> tuple[int, list[int]]:
    """How often it sends, and which of these sends are the COMMIT that matters, after the most work, and the next."""
    assert traced(dsn, *arguments, options=["-o", str(trace)]) == 0
    sends = [line for line in trace.read_text().splitlines() if "sendto(" in line]
    commits = [0, *(number for number, line in enumerate(sends, 1) if "COMMIT" in line)]
    _, commit = max(pairwise(commits), key=lambda pair: pair[1] - pair[0])
    return len(sends), [commit, commit + 1]


def test_a_publish_that_is_killed_at_any_send_is_there_whole_or_not_at_all(
    staged: Callable[[], Staged],
    reading: Callable[[Staged], Readers],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    *,
    is_full: bool,
) -> None:
    first = staged()
    sends, commit = sends_of(first.warehouse.dsn, "publish", str(first.token), trace=tmp_path / "trace")
    points = some(sends, is_full=is_full, wanted=8, always=commit)
    outcomes: list[bool] = []
    reads, faults, current = 0, [], staged()
    while points:
        with reading(current) as readers:
            while points:
                arguments = ("publish", str(current.token))
                assert traced(current.warehouse.dsn, *arguments, options=killed_before(points.pop(0))) == KILLED
                outcomes.append(current.is_published())
                if outcomes[-1]:
                    break
        reads, faults = reads + readers.reads, faults + readers.faults
        if outcomes[-1]:
            current = staged()

    record_property("points and reads", (len(outcomes), reads))
    print(f"publish: killed at {len(outcomes)} of {sends} sends, {sum(outcomes)} after the COMMIT; {reads} reads")  # noqa: T201
    assert faults == []
    assert {False, True} == set(outcomes)
    # What was killed at all these points can still be published.
    assert traced(current.warehouse.dsn, "publish", str(current.token), options=["-o", os.devnull]) == 0
    assert current.is_published()


def test_a_restore_that_is_killed_at_any_send_is_there_whole_or_not_at_all(
    staged: Callable[[], Staged], reading: Callable[[Staged], Readers], tmp_path: Path, *, is_full: bool
) -> None:
    def published() -> Staged:
        copy = staged()
        assert traced(copy.warehouse.dsn, "publish", str(copy.token), options=["-o", os.devnull]) == 0
        return copy

    first = published()
    sends, commit = sends_of(first.warehouse.dsn, "restore", "1", trace=tmp_path / "trace")
    points, outcomes, current = some(sends, is_full=is_full, wanted=3, always=commit), [], published()
    reads = 0
    while points:
        with reading(current) as readers:
            assert traced(current.warehouse.dsn, "restore", "1", options=killed_before(points.pop(0))) == KILLED
            outcomes.append(is_restored(current))
        assert readers.faults == []
        reads += readers.reads
        if outcomes[-1]:
            current = published()

    print(f"restore: killed at {len(outcomes)} of {sends} sends, {sum(outcomes)} after the COMMIT; {reads} reads")  # noqa: T201
    assert {False, True} == set(outcomes)


def is_restored(staged: Staged) -> bool:
    """Whether the old content is there as release 3. A claim may have been made; nothing else by halves."""
    visible = {table: staged.warehouse.contents((table,))[table] for table in TABLES}
    (newest,) = staged.warehouse.query("SELECT MAX(release) FROM audit.releases")[0]
    expected: State = {2: staged.new, 3: staged.old}[newest]
    assert visible == {table: expected.contents[table] for table in TABLES}
    return bool(newest == 3)
