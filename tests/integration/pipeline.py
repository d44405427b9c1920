"""The eight stages, run in this process as the DAG runs them: on the tests' Spark and PostgreSQL."""

import importlib.util
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from batch_etl.recompute import Recompute
from batch_etl.release import publish_attempt
from batch_etl.report.stage import summarise
from batch_etl.run import Run, StageResult, run_stage
from batch_etl.settings import Settings
from monitoring.alert_system import send_waiting
from monitoring.data_quality_monitor import check_staging
from tests.drawing import read_drawing

PROJECT = Path(__file__).resolve().parents[2]
SPARK_STAGES = {
    "data_ingestion": ("data_ingestion", "ingest"),
    "data_cleaning": ("data_cleaning", "clean"),
    "data_transformation": ("data_transformation", "transform"),
    "data_loading": ("data_loader", "load"),
}
AFTER_LOADING = ("quality_checks", "publish", "daily_summary", "notifications")
STAGES = (*SPARK_STAGES, *AFTER_LOADING)
NOTHING_AGAIN = Recompute()
VISIBLE = (
    *("core.dim_customer", "core.dim_product", "core.dim_date", "core.fct_sale", "quarantine.records"),
    *("marts.daily_sales", "marts.monthly_sales", "marts.region_sales", "marts.category_sales"),
    *("marts.product_performance", "marts.customer_value", "marts.cohort_retention"),
)


def entry_point(module: str) -> ModuleType:
    """One of the files in spark/, which are programs and no package."""
    spec = importlib.util.spec_from_file_location(module, PROJECT / "spark" / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@dataclass(frozen=True)
class Pipeline:
    """A project folder with data of its own, and a warehouse."""

    home: Path
    dsn: str
    notify_urls: str = ""

    @classmethod
    def make(cls, home: Path, dsn: str) -> "Pipeline":
        """A project with this one's code, contracts and SQL, and no data.

        Copies, not links: a mart is known by the files it was computed by, and somebody may be editing them.
        """
        for part in ("config", "sql", "spark/batch_etl/transforms"):
            shutil.copytree(PROJECT / part, home / part)
        pipeline = cls(home, dsn)
        # What is computed again, and from what, is the same for the few rows of a test as for many.
        pipeline.configure(small_bytes="0")
        pipeline.raw.mkdir(parents=True)
        return pipeline

    def configure(self, **values: str) -> None:
        """Give keys of config/pipeline.yaml other values; each name stands there once."""
        file = self.home / "config/pipeline.yaml"
        text = file.read_text(encoding="utf-8")
        for name, value in values.items():
            text, count = re.subn(rf"^( +{name}:) .*$", rf"\1 {value}", text, flags=re.MULTILINE)
            assert count == 1, name
        file.write_text(text, encoding="utf-8")

    def copy(self, home: Path, dsn: str) -> "Pipeline":
        """The same project and data in another folder, on another warehouse."""
        shutil.copytree(self.home, home, symlinks=True, dirs_exist_ok=True)
        return Pipeline(home, dsn, self.notify_urls)

    def describe_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the environment of a command name this project and warehouse."""
        monkeypatch.setenv("PIPELINE_HOME", str(self.home))
        monkeypatch.setenv("WAREHOUSE_DSN", self.dsn)

    @property
    def settings(self) -> Settings:
        return Settings(pipeline_home=self.home, warehouse_dsn=self.dsn, notify_urls=self.notify_urls)

    @property
    def database(self) -> str:
        return self.dsn.rsplit("/", 1)[1]

    @property
    def raw(self) -> Path:
        return self.home / "data/raw"

    def run(
        self,
        run_key: str,
        *,
        size: str = "all",
        stages: Sequence[str] = STAGES,
        recompute: Recompute = NOTHING_AGAIN,
    ) -> dict[str, StageResult]:
        """Run these stages; the token that the checks passed goes to the publish, as in the DAG."""
        results: dict[str, StageResult] = {}
        for stage in stages:
            token = results["quality_checks"].details["token"] if "quality_checks" in results else self.token(run_key)
            run = Run(run_key, stage, size, self.settings, recompute)
            results[stage] = run_stage(run, _work(stage, token))
        return results

    def token(self, run_key: str) -> int:
        """The newest attempt at a run, 0 where there is none."""
        rows = self.query("SELECT token FROM audit.runs WHERE run_key = %s", run_key)
        return int(rows[0][0]) if rows else 0

    def staged(self, run_key: str) -> set[str]:
        """The months and whole tables that the newest attempt at a run loaded."""
        query = """
            SELECT COALESCE(NULLIF(part ->> 'month', ''), part ->> 'table')
            FROM audit.runs, JSONB_ARRAY_ELEMENTS(load_manifest -> 'staged') AS part
            WHERE run_key = %s
            """
        return {part for (part,) in self.query(query, run_key)}

    def query(self, statement: str | sql.Composed, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement, at once and for good, and give its rows."""
        with closing(psycopg2.connect(self.dsn)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall() if cursor.description else []

    def shows(self, statement: str, drawing: str) -> None:
        """Assert that a query gives the rows of a drawn table, every cell as text."""
        names, rows = read_drawing(drawing)
        as_text = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(name)) for name in names)
        found = self.query(sql.SQL("SELECT {} FROM ({}) AS told").format(as_text, sql.SQL(statement)))
        assert found == [tuple(row) for row in rows]

    def contents(self, tables: Sequence[str] = VISIBLE) -> dict[str, tuple[int, str]]:
        """Rows and a hash of the content of each published table, whatever the order of its rows."""
        digest = sql.SQL(
            "SELECT COUNT(*), MD5(COALESCE(STRING_AGG(t::text, E'\\n' ORDER BY t::text), '')) FROM {} AS t"
        )
        named = {table: sql.Identifier(*table.split(".")) for table in tables}
        return {table: self.query(digest.format(name))[0] for table, name in named.items()}

    def row_versions(self, tables: Sequence[str] = VISIBLE) -> dict[str, list[tuple[Any, ...]]]:
        """Which transaction wrote each row and where it lies: equal only where nothing was written at all."""
        place = sql.SQL("SELECT tableoid::regclass::text, ctid::text, xmin::text FROM {} ORDER BY 1, 2")
        return {table: self.query(place.format(sql.Identifier(*table.split(".")))) for table in tables}


def _work(stage: str, token: int) -> Callable[[Run], StageResult]:
    if stage in SPARK_STAGES:
        module, function = SPARK_STAGES[stage]
        work: Callable[[Run], StageResult] = getattr(entry_point(module), function)
        return work
    return {
        "quality_checks": check_staging,
        "publish": partial(publish_attempt, token=token),
        "daily_summary": summarise,
        "notifications": send_waiting,
    }[stage]
