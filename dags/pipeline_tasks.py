"""The tasks that both pipelines are wired from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import Context, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from batch_etl.settings import Settings

if TYPE_CHECKING:
    from batch_etl.run import Run, StageResult, Work

# The tasks import what they call when they run: parsing this file stays quick.
# ruff: noqa: PLC0415

RUN_KEY = "{{ run_id }}"
DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data-platform",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
    "pool": "default_pool",
}


@contextmanager
def no_try_in_vain() -> Iterator[None]:
    """Fail the task for good where it would end the same way however often it is tried."""
    from batch_etl.errors import EtlError

    try:
        yield
    except EtlError as error:
        if error.is_transient:
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from None


class SparkStage(SparkSubmitOperator):  # type: ignore[misc] # the provider has no types
    """Submits a stage to the Spark cluster, unless it turns out to have nothing to do: that takes no JVM.

    entry_point  module:function of the stage's work
    """

    custom_operator_name = "SparkSubmitOperator"
    application_args: list[str]

    def __init__(self, *, entry_point: str, **options: Any) -> None:  # noqa: ANN401 - Airflow's own
        super().__init__(**options)
        self.entry_point = entry_point

    @no_try_in_vain()
    def execute(self, context: Context) -> None:
        from batch_etl.run import begin_in_task
        from batch_etl.tasks import failing_as_driver

        module, function = self.entry_point.split(":")
        work = self._checked(getattr(import_module(module), function), context)
        attempt = begin_in_task(self.task_id, work, self.application_args)
        if attempt is not None:
            self.application_args = [*self.application_args, "--attempt", str(attempt)]
            with failing_as_driver(self.task_id, attempt, run_key=context["run_id"]):
                super().execute(context)

    def _checked(self, work: "Work", context: Context) -> "Work":
        """The same work; it fails where the run was given parameters that the DAG does not have."""
        from batch_etl.tasks import require_known

        @wraps(work)
        def checked(run: "Run") -> "StageResult":
            require_known(context["dag_run"].conf, self.dag.params)
            return work(run)

        return checked


def spark_stage(settings: Settings, stage: str, entry_point: str, *arguments: str) -> SparkStage:
    """A stage that is submitted to the Spark cluster."""
    return SparkStage(
        task_id=stage,
        name=stage,
        entry_point=entry_point,
        conn_id="spark_default",
        application=str(settings.pipeline_home / "spark" / f"{entry_point.partition(':')[0]}.py"),
        application_args=["--run-key", RUN_KEY, *arguments],
        properties_file=str(settings.spark_properties_file) if settings.spark_properties_file else None,
    )


def judge_and_publish(settings: Settings, *arguments: str) -> SparkStage:
    """Wire the seven stages from cleaning to notifications, and give the first of them."""
    audited = quality_checks()
    first = spark_stage(settings, "data_cleaning", "data_cleaning:clean", *arguments)
    (
        first
        >> spark_stage(settings, "data_transformation", "data_transformation:transform", *arguments)
        >> spark_stage(settings, "data_loading", "data_loader:load", *arguments)
        >> audited
        >> publish(audited)
        # Teardowns run also after a failure, and only the publish before them decides whether the run is green.
        >> daily_summary().as_teardown()
        >> notifications().as_teardown()
    )
    return first


@task
@no_try_in_vain()
def quality_checks(run_id: str) -> int:
    """Audit staging; returns the token of the attempt that passed."""
    from batch_etl.run import run_in_task
    from monitoring.data_quality_monitor import check_staging

    return int(run_in_task("quality_checks", check_staging, run_key=run_id).details["token"])


@task
@no_try_in_vain()
def publish(token: int, run_id: str, params: dict[str, Any]) -> None:
    """Make the audited attempt visible, all tables at once; a dry run only tells what would change."""
    from batch_etl.plan import tell_plan
    from batch_etl.release import publish_attempt
    from batch_etl.run import run_in_task

    if params.get("dry_run"):
        raise AirflowSkipException(tell_plan(run_id))
    run_in_task("publish", partial(publish_attempt, token=token), run_key=run_id)


@task
@no_try_in_vain()
def daily_summary(run_id: str, params: dict[str, Any], dag_run: Any) -> None:  # noqa: ANN401 - Airflow's own
    """Write marts.daily_summary and the report, also for a run that was stopped."""
    from batch_etl.report.stage import summarise
    from batch_etl.run import run_in_task

    _skip_after_a_dry_run(params)
    triggered_by = dag_run.triggering_user_name or str(getattr(dag_run.run_type, "value", dag_run.run_type))
    run_in_task("daily_summary", partial(summarise, triggered_by=triggered_by), run_key=run_id)


@task
@no_try_in_vain()
def notifications(run_id: str, params: dict[str, Any]) -> None:
    """Send what waits in the outbox, also for a run that was stopped."""
    from batch_etl.run import run_in_task
    from monitoring.alert_system import send_waiting

    _skip_after_a_dry_run(params)
    run_in_task("notifications", send_waiting, run_key=run_id)


def _skip_after_a_dry_run(params: dict[str, Any]) -> None:
    """Teardowns run whatever came before them; a dry run leaves no trace in the audit."""
    if params.get("dry_run"):
        raise AirflowSkipException("a dry run publishes nothing to tell of")
