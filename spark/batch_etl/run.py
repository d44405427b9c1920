"""What every stage shares: arguments, log context, Spark session, its record in the audit, exit codes."""

import argparse
import logging
import resource
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl import logs, spark_errors
from batch_etl.contract import Contract
from batch_etl.contracts.reader import read_contracts
from batch_etl.contracts.together import missing_contracts
from batch_etl.errors import ConfigurationError, EtlError, SparkUnavailable
from batch_etl.recompute import Recompute
from batch_etl.settings import Settings
from batch_etl.stores import audit, warehouse
from batch_etl.stores.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StageResult:
    """How a stage ended: records and bytes read and written, and figures worth keeping.

    bytes_in, bytes_out  of files, and of tables in staging; None where a stage works on tables alone
    """

    records_in: int
    records_out: int
    details: Mapping[str, Any] = field(default_factory=dict)
    is_nothing_new: bool = False
    bytes_in: int | None = None
    bytes_out: int | None = None


class SparkNeeded(Exception):
    """A stage that was begun without Spark has come to the point where it needs it. attempt: the one to go on with."""

    attempt: int | None = None


def start_session(name: str) -> "SparkSession":
    """A session of this process' own: where spark-submit started it, on the cluster."""
    # Imported here: the stages on the Celery worker have no use for Spark and start sooner without it.
    from pyspark.sql import SparkSession  # noqa: PLC0415

    spark_errors.hush()
    return SparkSession.builder.appName(name).config("spark.sql.session.timeZone", "UTC").getOrCreate()


def connected_session(url: str, name: str) -> "SparkSession":
    """A session on the Connect server, beside those of others. Raises SparkUnavailable where nothing answers."""
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    spark_errors.hush()
    try:
        session = SparkSession.builder.appName(name).remote(url).getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
    except PySparkException as error:
        # Not the whole of it: the address holds the token.
        reason = str(error).splitlines()[0]
        raise SparkUnavailable(f"Spark Connect: {reason}; ./start.sh starts it where spark.mode is connect") from None
    return session


def no_session(name: str) -> "SparkSession":
    """For a process in which no Spark is to be started."""
    raise SparkNeeded(name)


@dataclass(frozen=True)
class Run:
    """One attempt of one stage in a run. open_session: gives a SparkSession of this name, when it is first used."""

    run_key: str
    stage: str
    dataset_size: str
    settings: Settings
    recompute: Recompute = field(default_factory=Recompute)
    open_session: "Callable[[str], SparkSession]" = start_session

    @property
    def name(self) -> str:
        """What ties Airflow's run, Spark's application and the connections together.

        The run comes first: Postgres cuts a name at 63 bytes, and run ids differ at their end.
        """
        return f"{self.run_key} {self.stage}"

    @property
    def log_context(self) -> dict[str, str]:
        return {"run": self.run_key, "stage": self.stage}

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        folder = self.settings.folder("contracts")
        contracts = read_contracts(folder)
        if missing := missing_contracts(contracts, folder):
            raise ConfigurationError(*missing)
        return contracts

    @cached_property
    def lake(self) -> Lake:
        return Lake(self.settings.folder("processed"))

    @cached_property
    def spark(self) -> "SparkSession":
        """The session; a stage that has nothing to do never asks for it and starts no executor."""
        return self.open_session(self.name)

    def end_session(self) -> None:
        """End the session if there is one; on a Connect server all that it has begun ends with it, also what writes."""
        if "spark" in self.__dict__:
            self.spark.stop()

    def leave_to_spark(self) -> None:
        """Go on only where Spark is: what follows takes long, or would be done twice."""
        if self.open_session is no_session:
            no_session(self.stage)

    @contextmanager
    def warehouse(self) -> Iterator[Connection]:
        dsn = self.settings.warehouse_dsn.get_secret_value()
        with warehouse.connect(dsn, application_name=self.name) as connection:
            yield connection


Work = Callable[[Run], StageResult]


def main(stage: str, work: Work) -> None:
    """Entry point of a stage that is submitted to Spark. Exits with the code of the error's class, 0 without one."""
    arguments = _parse(stage, sys.argv[1:])
    settings = Settings()
    try:
        logs.log_to_stdout_and_file(settings.folder("logs"), {"run": arguments.run_key, "stage": stage})
        run_stage(_run_of(stage, arguments, settings), work, attempt=arguments.attempt)
    except EtlError as error:
        sys.exit(error.exit_code)


def begin_in_task(stage: str, work: Work, arguments: Sequence[str]) -> int | None:
    """Do the work of a Spark stage inside an Airflow task: all of it by Connect, else as far as it goes without Spark.

    arguments  what the stage's entry point is called with
    returns    None where it is done; else the attempt that whoever has Spark goes on with: --attempt
    """
    settings = Settings()
    by_connect = partial(connected_session, settings.spark_connect_url.get_secret_value())
    open_session = by_connect if settings.config.spark.mode == "connect" else no_session
    run = replace(_run_of(stage, _parse(stage, arguments), settings), open_session=open_session)
    logs.log_to_file(settings.folder("logs"), run.log_context, work.__module__)
    try:
        run_stage(run, work)
    except SparkNeeded as needed:
        return needed.attempt
    finally:
        run.end_session()
    return None


def run_in_task(stage: str, work: Work, *, run_key: str) -> StageResult:
    """Entry point of a stage that runs inside an Airflow task."""
    run = Run(run_key, stage, "all", Settings())
    logs.log_to_file(run.settings.folder("logs"), run.log_context)
    return run_stage(run, work)


def run_stage(run: Run, work: Work, *, attempt: int | None = None) -> StageResult:
    """Do the work of a stage, record how it ended and log it, also when it fails. attempt: one begun elsewhere."""
    try:
        result = _recorded(run, work, attempt or _begin(run))
    except SparkNeeded:
        raise
    except BaseException as error:
        logs.log_failure(error)
        raise
    figures = {"records_in": result.records_in, "records_out": result.records_out}
    log.info("%s", _state(result), extra={**figures, **result.details})
    return result


def _recorded(run: Run, work: Work, attempt: int) -> StageResult:
    try:
        # Not before: what was asked for and cannot be is a failure of the stage, that others are told of.
        run.recompute.check()
        with spark_errors.telling_no_value():
            result = work(run)
    except SparkNeeded as needed:
        needed.attempt = attempt
        raise
    except BaseException as error:
        _record_failure(run, attempt, error)
        raise
    figures = {"records_in": result.records_in, "records_out": result.records_out}
    sizes = {"bytes_in": result.bytes_in, "bytes_out": result.bytes_out}
    _record_end(run, attempt, state=_state(result), details=dict(result.details), **figures, **sizes)
    return result


def _record_failure(run: Run, attempt: int, error: BaseException) -> None:
    told = f"{type(error).__name__}: {error}".replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
    try:
        _record_end(run, attempt, state="failed", details={"error": told})
    except Exception as second:
        log.error("this failure could not be recorded: %s", second)


def _state(result: StageResult) -> str:
    return "nothing new" if result.is_nothing_new else "done"


def _parse(stage: str, arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"Stage {stage} of the pipeline.")
    parser.add_argument("--run-key", required=True, help="the DAG run")
    parser.add_argument("--dataset-size", default="all", help="which files to read: a key of dataset_sizes")
    parser.add_argument("--from-month", default="", help="compute this month, as 2025-03, and later ones again")
    parser.add_argument("--to-month", default="", help="compute this month and earlier ones again")
    parser.add_argument("--full-refresh", default="false", choices=["true", "false"], help="compute everything again")
    parser.add_argument("--attempt", type=int, help="go on with an attempt that audit.stage_runs shows as running")
    return parser.parse_args(arguments)


def _run_of(stage: str, arguments: argparse.Namespace, settings: Settings) -> Run:
    recompute = Recompute(arguments.from_month, arguments.to_month, arguments.full_refresh == "true")
    return Run(arguments.run_key, stage, arguments.dataset_size, settings, recompute)


def _begin(run: Run) -> int:
    with run.warehouse() as connection:
        return audit.begin_stage(connection, run.run_key, run.stage)


def _record_end(run: Run, attempt: int, *, state: str, details: dict[str, Any], **figures: int | None) -> None:
    memory = {"peak_memory_bytes": peak_memory_bytes()}
    with run.warehouse() as connection:
        audit.end_stage(connection, run.run_key, run.stage, attempt, state=state, details=details, **figures, **memory)


def peak_memory_bytes() -> int:
    """The most memory that this process held so far: of a Spark stage its driver in Python, without the JVMs."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
