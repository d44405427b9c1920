"""One stack for all tests of this folder, removed with all it made."""

import os
from collections.abc import Iterator

import pytest

from tests.clone import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    if not os.environ.get("WITH_DOCKER"):
        pytest.skip("builds and runs the whole stack in Docker, 20 to 40 minutes: set WITH_DOCKER=1")
    clone = Stack(tmp_path_factory.mktemp("docker") / "clone")
    clone.write_settings()
    yield clone
    clone.run("./clean.sh", "--all", "--yes")
