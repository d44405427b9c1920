"""
### data_pipeline_etl

Reads the sales, customer and product files of `data/raw`, accounts for every record, audits the result and publishes it
to the warehouse in one transaction. Trigger it with a `dataset_size`; it may be run again at any time and changes
nothing where nothing is new. Months, a full refresh and a dry run can be asked for; a run of `airflow backfill create`
is a run like any other, whatever its date.

| task | when it is red | what to do |
|---|---|---|
| `data_ingestion` | a contract or parameter is wrong, warehouse or cluster are away | the log names place and fix |
| `data_cleaning` | a batch does not balance | nothing of the batch went on; the log has the figures, report it |
| `data_transformation` | a query of `sql/transformations` fails | mend the query, clear the task |
| `data_loading` | Postgres was away | clear the task: it claims a new attempt, the old one can no longer publish |
| `quality_checks` | a check failed, nothing was published | `./etl summary`, then its entry in `docs/runbook.md` |
| `publish` | a newer attempt or release exists | if that run is not green, clear `data_loading` and what follows |
| `publish` | somebody held a lock on a published table | end what its log names, clear the task |
| `publish` is skipped | the run is a dry run | its log tells what a publish would change, and `./etl plan` too |
| `daily_summary`, `notifications` | the data are published all the same | the log says why; clear the task |

A refused file or a quarantined record does not turn a task red: both are listed by `./etl summary` and in
`data/processed/reports`.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from batch_etl.settings import Settings
from pipeline_tasks import DEFAULT_ARGS, judge_and_publish, spark_stage

settings = Settings()
arguments = (
    *("--dataset-size", "{{ params.dataset_size }}"),
    # Name and value in one: what is left out is then no empty argument, which some shells lose.
    "--from-month={{ params.from_month or '' }}",
    "--to-month={{ params.to_month or '' }}",
    "--full-refresh={{ 'true' if params.full_refresh else 'false' }}",
)


def month(title: str, description: str) -> Param:
    """A parameter that is a month, or nothing."""
    return Param(
        None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", title=title, description=description
    )


with DAG(
    dag_id="data_pipeline_etl",
    description="Files in, audited releases out: every record accounted for.",
    doc_md=__doc__,
    schedule=settings.pipeline_schedule or None,
    catchup=False,
    # Two runs at once would compete for one publish; the loser's work would be for nothing.
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=DEFAULT_ARGS,
    params={
        "dataset_size": Param(
            # What a schedule or a backfill asks for.
            "all",
            type="string",
            enum=list(settings.config.dataset_sizes),
            title="Dataset size",
            description="Which files of data/raw to read; all reads every file that a contract matches.",
        ),
        "from_month": month("From month", "Compute the sales of this month, as 2025-03, and later ones again."),
        "to_month": month("To month", "Compute the sales of this month and earlier ones again."),
        "full_refresh": Param(
            False,
            type="boolean",
            title="Full refresh",
            description="Judge every record and compute every table again, though nothing is new.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Do everything but publish, and tell in the log of publish what would change.",
        ),
    },
    tags=["etl", "sales", "write-audit-publish"],
) as dag:
    spark_stage(settings, "data_ingestion", "data_ingestion:ingest", *arguments) >> judge_and_publish(
        settings, *arguments
    )
