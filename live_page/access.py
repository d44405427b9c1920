"""Who may look and who may act: Airflow's own login and permissions.

To see the page takes the right to read the DAG data_pipeline_etl; to replay, restore or acknowledge takes the right to
trigger the DAG that it is about.
"""

from dataclasses import dataclass
from typing import Annotated

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_dag
from fastapi import Depends, HTTPException, Request

PIPELINE, REPLAY, RESTORE = "data_pipeline_etl", "quarantine_replay", "release_restore"
DAGS = (PIPELINE, REPLAY, RESTORE)
FORBIDDEN = 403

may_read = requires_access_dag("GET", param_dag_id=PIPELINE)
may_acknowledge = requires_access_dag("POST", DagAccessEntity.RUN, PIPELINE)
may_replay = requires_access_dag("POST", DagAccessEntity.RUN, REPLAY)
may_restore = requires_access_dag("POST", DagAccessEntity.RUN, RESTORE)


@dataclass(frozen=True)
class Rights:
    """Which buttons a user sees. Each request that they send is checked by itself."""

    acknowledge: bool
    replay: bool
    restore: bool


def rights_of(user: GetUserDep) -> Rights:
    return Rights(*(_may_trigger(user, dag_id) for dag_id in DAGS))


RightsDep = Annotated[Rights, Depends(rights_of)]


def from_the_page(request: Request) -> None:
    """Refuse what another site makes a browser send: such a request cannot carry a header of our own.

    The login's cookie is SameSite=Lax, so that a browser should not send it along either.
    """
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    if "X-Data-Pipeline" not in request.headers or site != "same-origin":
        raise HTTPException(FORBIDDEN, "only the page itself may send this")


def _may_trigger(user: GetUserDep, dag_id: str) -> bool:
    details = DagDetails(id=dag_id)
    access = DagAccessEntity.RUN
    return bool(get_auth_manager().is_authorized_dag(method="POST", access_entity=access, details=details, user=user))
