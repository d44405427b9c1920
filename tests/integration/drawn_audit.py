"""What runs leave in the audit when they go wrong, and when they go right again."""

import json
from datetime import UTC, datetime, timedelta

from tests.integration.pipeline import Pipeline

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CAUSE = "WarehouseUnavailable: warehouse: connection to server at port {} refused"


def stage(
    pipeline: Pipeline,
    run_key: str,
    name: str,
    state: str,
    *,
    at: datetime = NOW,
    attempt: int = 1,
    error: str = "",
    **told: str,
) -> None:
    """Draw an attempt at a stage, as the run would have left it. told: its details."""
    details = {"error": error} if error else told
    ended = None if state == "running" else at
    pipeline.query(
        "INSERT INTO audit.stage_runs VALUES (%s, %s, %s, %s, %s, %s, NULL, NULL, %s)",
        *(run_key, name, attempt, state, at, ended, json.dumps(details)),
    )


def draw_check(
    pipeline: Pipeline,
    run_key: str,
    *,
    is_passed: bool,
    severity: str = "error",
    at: datetime = NOW,
    name: str = "fct_sale_amounts",
) -> None:
    """Draw a check and the stages around it, as a run would have left them."""
    stage(pipeline, run_key, "quality_checks", "done" if is_passed else "failed", at=at, error="QualityStopped: no")
    stage(pipeline, run_key, "notifications", "done", at=at)
    pipeline.query(
        "INSERT INTO audit.quality_results VALUES (%s, 1, %s, %s, %s, '5 rows', '[]', %s)",
        *(run_key, name, severity, is_passed, at),
    )


def draw_file(pipeline: Pipeline, run_key: str, name: str, reason: str | None, *, at: datetime = NOW) -> None:
    pipeline.query(
        """
        INSERT INTO audit.source_files (run_key, file_name, dataset, state, reason, recorded_at)
        VALUES (%s, %s, 'sales', %s, %s, %s)
        """,
        *(run_key, name, "refused" if reason else "landed", reason, at),
    )


def fail_a_check(pipeline: Pipeline) -> None:
    draw_check(pipeline, "r1", is_passed=False)


def pass_it(pipeline: Pipeline) -> None:
    draw_check(pipeline, "r2", is_passed=True, at=NOW + timedelta(minutes=1))


def take_it_away(pipeline: Pipeline) -> None:
    """The next run makes another check only."""
    draw_check(pipeline, "r2", is_passed=True, at=NOW + timedelta(minutes=1), name="dim_product_history")


def refuse_files(pipeline: Pipeline) -> None:
    for number in range(3):
        draw_file(pipeline, "r1", f"sales_{number}.csv", f"sales_{number}.csv: not UTF-8 at byte {number}")


def accept_them(pipeline: Pipeline) -> None:
    for number in range(3):
        draw_file(pipeline, "r2", f"sales_{number}.csv", None, at=NOW + timedelta(minutes=1))


def find_them_gone(pipeline: Pipeline) -> None:
    stage(pipeline, "r2", "data_ingestion", "done", at=NOW + timedelta(minutes=1), looked_at="sales_*")


def run_for_two_hours(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_cleaning", "running", at=NOW - timedelta(hours=2))


def crash(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_cleaning", "running", at=NOW - timedelta(hours=5))


def end(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "data_cleaning", "done", attempt=2)


def publish_long_ago(pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "publish", "done", at=NOW - timedelta(hours=27))


def publish_now(pipeline: Pipeline) -> None:
    stage(pipeline, "r2", "publish", "nothing new")
