"""The live page on a real warehouse. Who is asked for rights is Airflow, which tests/stack asks with real logins."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-"))
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"

from airflow.api_fastapi.core_api.security import get_user
from fastapi import HTTPException
from fastapi.testclient import TestClient

from live_page import access, airflow_runs
from live_page.app import application
from tests.integration.page.reader import Reader
from tests.integration.pipeline import Pipeline

DEPENDENCIES = {
    "read": access.may_read,
    "acknowledge": access.may_acknowledge,
    "replay": access.may_replay,
    "restore": access.may_restore,
}


@pytest.fixture
def reader() -> Iterator[Reader]:
    app = application()
    found = Reader(TestClient(app, raise_server_exceptions=True))
    for right, dependency in DEPENDENCIES.items():
        app.dependency_overrides[dependency] = _asks(found, right)
    app.dependency_overrides[access.rights_of] = lambda: access.Rights(
        *(right in found.rights for right in ("acknowledge", "replay", "restore"))
    )
    app.dependency_overrides[get_user] = lambda: SimpleNamespace(get_name=lambda: "ann")
    app.dependency_overrides[airflow_runs.finder] = lambda: lambda run_keys: found.runs  # noqa: ARG005
    yield found
    app.dependency_overrides.clear()


def _asks(reader: Reader, right: str) -> Callable[[], None]:
    def ask() -> None:
        if right not in reader.rights:
            raise HTTPException(403, "Forbidden")

    return ask


@pytest.fixture
def pipeline(tmp_path: Path, warehouse_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    """A project without data, as the environment of the API server describes it."""
    made = Pipeline.make(tmp_path / "home", warehouse_dsn)
    (made.home / "docs").symlink_to(Path(__file__).resolve().parents[3] / "docs")
    monkeypatch.setenv("PIPELINE_HOME", str(made.home))
    monkeypatch.setenv("WAREHOUSE_DSN", warehouse_dsn)
    return made
