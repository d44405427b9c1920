"""
### quarantine_replay

Judges every record that ever landed by today's contracts and publishes what changes: records that keep the contract now
leave the quarantine, the others say why they stay. Lands no new file. Run it after a contract was changed; a second run
changes nothing. `./etl quarantine replay` triggers it and tells what moved.

`dataset`, `reason`, `since` and `file` choose the records that `judge_again` reports on, in its log. What is published
is always judged by one contract, all of it. With `dry_run` it ends after that report.

| task | when it is red | what to do |
|---|---|---|
| `wait_for_pipeline` | `data_pipeline_etl` still runs after six hours | see what holds it, then clear this task |
| `wait_for_pipeline` | a parameter is unknown | the log names those there are; trigger a new run |
| `judge_again` | a contract is broken, or a filter is no date or no dataset | the log names file, field and fix |
| `data_cleaning` | a batch does not balance | nothing of the batch went on; the log has the figures, report it |
| `data_transformation` | a query of `sql/transformations` fails | mend the query, clear the task |
| `data_loading` | Postgres was away | clear the task: it claims a new attempt, the old one can no longer publish |
| `quality_checks` | a check failed, nothing was published | `./etl summary`, then its entry in `docs/runbook.md` |
| `publish` | a newer run of `data_pipeline_etl` came first | that one publishes the same judgement: nothing to do |
| `daily_summary`, `notifications` | the data are published all the same | the log says why; clear the task |
"""

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import DAG, Param, task

from batch_etl.settings import Settings
from pipeline_tasks import DEFAULT_ARGS, judge_and_publish, no_try_in_vain

# The tasks import what they call when they run: parsing this file stays quick.
# ruff: noqa: PLC0415

settings = Settings()
log = logging.getLogger(__name__)
datasets = sorted(file.name.removesuffix(".odcs.yaml") for file in settings.folder("contracts").glob("*.odcs.yaml"))


@no_try_in_vain()
def pipeline_is_idle(ti: Any, dag: Any, dag_run: Any, run_id: str) -> bool:  # noqa: ANN401 - Airflow's own
    """Whether no run of data_pipeline_etl is on its way. Refuses parameters that nobody would read, before it waits."""
    from batch_etl.tasks import failing_as, require_known

    with failing_as("data_cleaning", run_key=run_id):
        require_known(dag_run.conf, dag.params)
    return bool(ti.get_dr_count(dag_id="data_pipeline_etl", states=["running"]) == 0)


@task.short_circuit
@no_try_in_vain()
def judge_again(params: dict[str, Any], run_id: str) -> bool:
    """Tell in the log what would change; False ends a dry run here."""
    from batch_etl.quarantine.desk import open_desk
    from batch_etl.quarantine.selection import Selection
    from batch_etl.tasks import failing_as

    with failing_as("data_cleaning", run_key=run_id), open_desk(Settings(), "quarantine_replay") as desk:
        outlook = desk.foresee(Selection.of(params))
    for name, told in outlook.as_json().items():
        log.info("%s: %s", name, told)
    return not params["dry_run"]


with DAG(
    dag_id="quarantine_replay",
    description="Quarantined records judged again by today's contracts.",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    # It runs only when somebody asks; who asks would wait for ever for a paused one.
    is_paused_upon_creation=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    default_args=DEFAULT_ARGS,
    params={
        "dataset": Param(
            "", type="string", enum=["", *datasets], title="Dataset", description="Report on this dataset only."
        ),
        "reason": Param(
            "",
            type="string",
            title="Reason",
            description='Report on records with this in a reason, such as "quantity: below 1".',
        ),
        "since": Param(
            "",
            type="string",
            title="Since",
            description="Report on files first found since 2026-02-03 or 2026-02-03T04:05:06, in UTC.",
        ),
        "file": Param("", type="string", title="File", description='Report on files of this name: "sales_*.csv".'),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Only report; publish nothing."),
    },
    tags=["etl", "quarantine", "write-audit-publish"],
) as dag:
    # Two runs at once would compete for one publish; the fence refuses the older one, whose work is for nothing.
    wait_for_pipeline = PythonSensor(
        task_id="wait_for_pipeline",
        python_callable=pipeline_is_idle,
        mode="reschedule",
        poke_interval=10,
        timeout=timedelta(hours=6),
    )
    wait_for_pipeline >> judge_again() >> judge_and_publish(settings)
