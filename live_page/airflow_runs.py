"""What Airflow knows of the runs, and the audit does not: their DAG, their state, who triggered them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from fastapi import Depends
from sqlalchemy import or_, select

from live_page.access import DAGS

_GOING_ON = ("queued", "running")


@dataclass(frozen=True)
class AirflowRun:
    """state: queued, running, success or failed."""

    run_key: str
    dag_id: str
    state: str
    triggered_by: str | None

    @property
    def is_going_on(self) -> bool:
        return self.state in _GOING_ON


FindRuns = Callable[[Sequence[str]], dict[str, AirflowRun]]


def find_runs(run_keys: Sequence[str]) -> dict[str, AirflowRun]:
    """These runs, as far as Airflow knows them, and all that go on."""
    runs = (
        select(DagRun.run_id, DagRun.dag_id, DagRun.state, DagRun.triggering_user_name)
        .where(DagRun.dag_id.in_(DAGS), or_(DagRun.run_id.in_(run_keys), DagRun.state.in_(_GOING_ON)))
        .order_by(DagRun.id)
    )
    with create_session() as session:
        return {row[0]: AirflowRun(row[0], row[1], str(row[2]), row[3]) for row in session.execute(runs)}


def finder() -> FindRuns:
    return find_runs


FindRunsDep = Annotated[FindRuns, Depends(finder)]
