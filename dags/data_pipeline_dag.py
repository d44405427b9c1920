"""
### data_pipeline_etl

Reads the sales, customer and product files of `data/raw`, accounts for every record, audits the result and publishes it
to the warehouse in one transaction. Trigger it with a `dataset_size`; it may be run again at any time and changes
nothing where nothing is new.

| task | when it is red | what to do |
|---|---|---|
| `data_ingestion` | a contract is broken, or warehouse or cluster do not answer | the log names file, field and fix |
| `data_cleaning` | a batch does not balance | nothing of the batch went on; the log has the figures, report it |
| `data_transformation` | a query of `sql/transformations` fails | mend the query, clear the task |
| `data_loading` | Postgres was away | clear the task: it claims a new attempt, the old one can no longer publish |
| `quality_checks` | a check failed, nothing was published | `./etl summary`, then its entry in `docs/runbook.md` |
| `publish` | a newer attempt or release exists, or a reader held a lock | clear `data_loading` and what follows |
| `daily_summary`, `notifications` | the data are published all the same | the log says why; clear the task |

A refused file or a quarantined record does not turn a task red: both are listed by `./etl summary` and in
`data/processed/reports`.
"""

from datetime import timedelta
from functools import partial
from typing import Any

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import DAG, Param, task
from airflow.sdk.exceptions import AirflowFailException

from batch_etl.settings import Settings

settings = Settings()
RUN_KEY = "{{ run_id }}"


def spark_stage(stage: str, module: str) -> SparkSubmitOperator:
    """A stage that is submitted to the Spark cluster."""
    return SparkSubmitOperator(
        task_id=stage,
        name=stage,
        conn_id="spark_default",
        application=str(settings.pipeline_home / "spark" / f"{module}.py"),
        application_args=["--run-key", RUN_KEY, "--dataset-size", "{{ params.dataset_size }}"],
        properties_file=str(settings.spark_properties_file) if settings.spark_properties_file else None,
    )


# The tasks import what they call when they run: parsing this file stays quick.
# ruff: noqa: PLC0415


@task
def quality_checks(run_id: str) -> int:
    """Audit staging; returns the token of the attempt that passed."""
    from batch_etl.errors import QualityStopped
    from batch_etl.run import run_in_task
    from monitoring.data_quality_monitor import check_staging

    try:
        return int(run_in_task("quality_checks", check_staging, run_key=run_id).details["token"])
    except QualityStopped as stop:
        # Bad data stay bad: no retry.
        raise AirflowFailException(str(stop)) from None


@task
def publish(token: int, run_id: str) -> None:
    """Make the audited attempt visible, all tables at once."""
    from batch_etl.release import publish_attempt
    from batch_etl.run import run_in_task

    run_in_task("publish", partial(publish_attempt, token=token), run_key=run_id)


@task
def daily_summary(run_id: str) -> None:
    """Write marts.daily_summary and the report, also for a run that was stopped."""
    from batch_etl.run import run_in_task
    from batch_etl.summary import summarise

    run_in_task("daily_summary", summarise, run_key=run_id)


@task
def notifications(run_id: str) -> None:
    """Send what waits in the outbox, also for a run that was stopped."""
    from batch_etl.run import run_in_task
    from monitoring.alert_system import send_waiting

    run_in_task("notifications", send_waiting, run_key=run_id)


default_args: dict[str, Any] = {
    "owner": "data-platform",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=10),
    "execution_timeout": timedelta(hours=2),
    "pool": "default_pool",
}

with DAG(
    dag_id="data_pipeline_etl",
    description="Files in, audited releases out: every record accounted for.",
    doc_md=__doc__,
    schedule=settings.pipeline_schedule or None,
    catchup=False,
    # Two runs at once would compete for one publish; the loser's work would be for nothing.
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=default_args,
    params={
        "dataset_size": Param(
            "small",
            type="string",
            enum=list(settings.config.dataset_sizes),
            title="Dataset size",
            description="Which files of data/raw to read; all reads every file that a contract matches.",
        ),
    },
    tags=["etl", "sales", "write-audit-publish"],
) as dag:
    audited = quality_checks()
    published = publish(audited)
    # Teardowns run also after a failure, and only the publish before them decides whether the run is green.
    summarised = daily_summary().as_teardown()
    notified = notifications().as_teardown()

    (
        spark_stage("data_ingestion", "data_ingestion")
        >> spark_stage("data_cleaning", "data_cleaning")
        >> spark_stage("data_transformation", "data_transformation")
        >> spark_stage("data_loading", "data_loader")
        >> audited
        >> published
        >> summarised
        >> notified
    )
