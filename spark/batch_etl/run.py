"""What every stage shares: arguments, log context, Spark session, its record in the audit, exit codes."""

import argparse
import logging
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl import logs
from batch_etl.contract import Contract
from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import EtlError
from batch_etl.recompute import Recompute
from batch_etl.settings import Settings
from batch_etl.stores import audit, warehouse
from batch_etl.stores.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageResult:
    """How a stage ended: records read and written, and figures worth keeping."""

    records_in: int
    records_out: int
    details: Mapping[str, Any] = field(default_factory=dict)
    is_nothing_new: bool = False


@dataclass(frozen=True)
class Run:
    """One attempt of one stage in a run."""

    run_key: str
    stage: str
    dataset_size: str
    settings: Settings
    recompute: Recompute = field(default_factory=Recompute)

    @property
    def log_context(self) -> dict[str, str]:
        return {"run": self.run_key, "stage": self.stage}

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        return read_contracts(self.settings.folder("contracts"))

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.folder("processed"))

    @cached_property
    def spark(self) -> "SparkSession":
        """The session; a stage that has nothing to do never asks for it and starts no executor."""
        # Imported here: the stages on the Celery worker have no use for Spark and start sooner without it.
        from pyspark.sql import SparkSession  # noqa: PLC0415

        builder = SparkSession.builder.appName(f"{self.stage} {self.run_key}")
        return builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()

    @contextmanager
    def warehouse(self) -> Iterator[Connection]:
        dsn = self.settings.warehouse_dsn.get_secret_value()
        with warehouse.connect(dsn, application_name=f"{self.stage} {self.run_key}") as connection:
            yield connection


def main(stage: str, work: Callable[[Run], StageResult]) -> None:
    """Entry point of a stage that is submitted to Spark. Exits with the code of the error's class, 0 without one."""
    parser = argparse.ArgumentParser(description=f"Stage {stage} of the pipeline.")
    parser.add_argument("--run-key", required=True, help="the DAG run")
    parser.add_argument("--dataset-size", default="all", help="which files to read: a key of dataset_sizes")
    parser.add_argument("--from-month", default="", help="compute this month, as 2025-03, and later ones again")
    parser.add_argument("--to-month", default="", help="compute this month and earlier ones again")
    parser.add_argument("--full-refresh", default="false", choices=["true", "false"], help="compute everything again")
    arguments = parser.parse_args()
    settings = Settings()
    context = {"run": arguments.run_key, "stage": stage}
    try:
        logs.log_to_stdout_and_file(settings.folder("logs"), context)
        recompute = Recompute(arguments.from_month, arguments.to_month, arguments.full_refresh == "true")
        run_stage(Run(arguments.run_key, stage, arguments.dataset_size, settings, recompute), work)
    except EtlError as error:
        log.error("%s", error)
        sys.exit(error.exit_code)


def run_in_task(stage: str, work: Callable[[Run], StageResult], *, run_key: str) -> StageResult:
    """Entry point of a stage that runs inside an Airflow task."""
    run = Run(run_key, stage, "all", Settings())
    logs.log_to_file(run.settings.folder("logs"), run.log_context)
    return run_stage(run, work)


def run_stage(run: Run, work: Callable[[Run], StageResult]) -> StageResult:
    """Do the work of a stage and record how it ended, also when it fails."""
    with run.warehouse() as connection:
        attempt = audit.begin_stage(connection, run.run_key, run.stage)
    try:
        result = work(run)
    except BaseException as error:
        _record_end(run, attempt, state="failed", details={"error": f"{type(error).__name__}: {error}"})
        raise
    state = "nothing new" if result.is_nothing_new else "done"
    figures = {"records_in": result.records_in, "records_out": result.records_out}
    _record_end(run, attempt, state=state, details=dict(result.details), **figures)
    log.info("%s", state, extra={**figures, **result.details})
    return result


def _record_end(run: Run, attempt: int, *, state: str, details: dict[str, Any], **figures: int) -> None:
    memory = {"peak_memory_bytes": peak_memory_bytes()}
    with run.warehouse() as connection:
        audit.end_stage(connection, run.run_key, run.stage, attempt, state=state, details=details, **figures, **memory)


def peak_memory_bytes() -> int:
    """The most memory that this process held so far: of a Spark stage its driver in Python, without the JVMs."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
