"""The DAGs as Airflow loads them. Airflow makes files in its home as soon as it is imported: that goes away."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def load_dag(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Load the folder dags/ anew, under these variables, and give one of its DAGs."""
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415 - after AIRFLOW_HOME is set

    def load(dag_id: str, **environ: str) -> Any:
        monkeypatch.setenv("PIPELINE_HOME", str(PROJECT))
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "path", list(sys.path))
        bag = BundleDagBag(PROJECT / "dags", bundle_path=PROJECT / "dags", bundle_name="dags-folder")
        assert bag.import_errors == {}
        assert set(bag.dags) == {"alert_watch", "data_pipeline_etl", "quarantine_replay", "release_restore"}
        return bag.dags[dag_id]

    return load
