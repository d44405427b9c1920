"""One stack for all tests of this folder, removed with all it made."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker.clone import Stack

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not os.environ.get("WITH_DOCKER"):
        pytest.skip("builds and runs the whole stack in Docker, 20 to 40 minutes: set WITH_DOCKER=1")
    folder = tmp_path_factory.mktemp("docker") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
    clone = Stack(folder)
    clone.write_settings()
    yield clone
    clone.run("./clean.sh", "--all", "--yes")
