"""
### release_restore

Puts an earlier release back: every published table as it was in `release`, in one transaction and as a new release,
fenced like a publish. `./etl releases restore` does the same; the page *Pipeline* triggers this DAG, so that it is
known who did it. Runs leave the restored release alone until there are new files, contracts or code.

| task | when it is red | what to do |
|---|---|---|
| `restore` | the release is not there or not kept, a table was locked, a parameter is unknown | see its log |
"""

import logging
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Param, task

from pipeline_tasks import no_try_in_vain

# The task imports what it calls when it runs: parsing this file stays quick.
# ruff: noqa: PLC0415

log = logging.getLogger(__name__)


@task
@no_try_in_vain()
def restore(params: dict[str, Any], run_id: str, dag: Any, dag_run: Any) -> int:  # noqa: ANN401 - Airflow's own
    """Returns the number of the new release."""
    from batch_etl.restore import restore_in_task
    from batch_etl.tasks import logged, require_known

    with logged("restore", run_key=run_id):
        require_known(dag_run.conf, dag.params)
        done = restore_in_task(params["release"], run_key=run_id)
    for change in done.changes:
        log.info("%s", change)
    log.info("release %s puts release %s back", done.release, done.restored_from)
    return done.release


with DAG(
    dag_id="release_restore",
    description="An earlier release put back, as a new one.",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    # It runs only when somebody asks; who asks would wait for ever for a paused one.
    is_paused_upon_creation=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=3),
    default_args={
        "owner": "data-platform",
        # A try whose end nobody saw may have restored: a second one would undo what came after it.
        "retries": 0,
        "pool": "default_pool",
        "execution_timeout": timedelta(hours=2),
    },
    params={
        "release": Param(
            None, type="integer", minimum=1, title="Release", description="Number of the release to put back."
        )
    },
    tags=["etl", "releases"],
) as dag:
    restore()
