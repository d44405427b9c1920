"""What is asked of a DAG run, and how an Airflow task fails that is no stage."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from batch_etl import logs
from batch_etl.errors import ConfigurationError, EtlError, kind_of
from batch_etl.run import Run, StageResult, run_in_task
from batch_etl.settings import Settings
from batch_etl.stores import audit


def require_known(given: Iterable[str] | None, known: Iterable[str]) -> None:
    """Raise ConfigurationError for parameters that a DAG does not have: Airflow takes them and nobody reads them.

    given  the names in the conf of a run, which may have none
    """
    there = ", ".join(sorted(known))
    if unknown := sorted(set(given or ()) - set(known)):
        raise ConfigurationError(*(f"{name}: no such parameter; there are {there}" for name in unknown))


@contextmanager
def failing_as(stage: str, *, run_key: str) -> Iterator[None]:
    """Record an EtlError as a failed attempt at a stage that follows: of other tasks the audit knows nothing."""
    try:
        yield
    except EtlError as error:
        failure = error

        def fail(_: Run) -> StageResult:
            raise failure

        run_in_task(stage, fail, run_key=run_key)


@contextmanager
def failing_as_driver(stage: str, attempt: int, *, run_key: str) -> Iterator[None]:
    """Raise what the driver of a submitted stage recorded as its failure: of that, Spark tells an exit code.

    A driver that was killed recorded and logged nothing: then what Spark tells goes into the log of the stage, which
    begin_in_task opened.
    """
    try:
        yield
    except Exception as error:
        with Run(run_key, stage, "all", Settings()).warehouse() as connection:
            recorded = audit.failure_of(connection, run_key, stage, attempt) or ""
        if kind := kind_of(recorded):
            raise kind(recorded.partition(": ")[2]) from None
        if not recorded:
            logs.log_failure(error)
        raise


@contextmanager
def logged(task: str, *, run_key: str) -> Iterator[None]:
    """Keep what a task says in the pipeline's own log, its failure too. In there it is called a stage."""
    logs.log_to_file(Settings().folder("logs"), {"run": run_key, "stage": task})
    try:
        yield
    except BaseException as error:
        logs.log_failure(error)
        raise
