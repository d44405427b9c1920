"""
### alert_watch

Every ten minutes: opens and closes incidents by what the audit says, and sends the messages that are due. So a run that
never came, a stage that hangs and a dead worker are told of although no run ends, and so is a digest. A red task means
that the warehouse or the configuration is wrong; the log names the fix.
"""

from datetime import timedelta

from airflow.sdk import DAG, task

from batch_etl.settings import Settings
from pipeline_tasks import no_try_in_vain

# The task imports what it calls when it runs: parsing this file stays quick.
# ruff: noqa: PLC0415


@task
@no_try_in_vain()
def watch() -> None:
    """Keep the incidents and drain the outbox."""
    from monitoring.alert_system import watch_between_runs

    watch_between_runs(Settings())


with DAG(
    dag_id="alert_watch",
    description="Incidents and messages between runs.",
    doc_md=__doc__,
    schedule="*/10 * * * *",
    catchup=False,
    # A paused watch sees nothing.
    is_paused_upon_creation=False,
    max_active_runs=1,
    default_args={
        "owner": "data-platform",
        # While a stack starts, it may come before the API server and the warehouse's tables: nobody need see that red.
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "pool": "default_pool",
        "execution_timeout": timedelta(minutes=5),
    },
    dagrun_timeout=timedelta(minutes=10),
    tags=["etl", "alerts"],
) as dag:
    watch()
