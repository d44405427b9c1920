"""What is wrong now, what was, and who is at it."""

from datetime import UTC, datetime

from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from batch_etl.stores import incidents
from live_page import reading
from live_page.access import RightsDep, from_the_page, may_acknowledge
from live_page.pages import render

router = APIRouter()
SHOWN = 50


@router.get("/incidents")
def show_incidents(request: Request, rights: RightsDep) -> Response:
    """Those that go on, and the last that are over."""
    with reading.snapshot() as cursor:
        found = incidents.list_incidents(cursor, recovered_too=True, limit=SHOWN)
    going_on = [row for row in found if row["state"] != "recovered"]
    over = [row for row in found if row["state"] == "recovered"]
    return render(
        request, "incidents", here="incidents", going_on=going_on, over=over, may_acknowledge=rights.acknowledge
    )


@router.post("/incidents/{incident_id}/acknowledge", dependencies=[Depends(may_acknowledge), Depends(from_the_page)])
def acknowledge(incident_id: int, user: GetUserDep) -> JSONResponse:
    """Note that the user is at it. It closes by itself when it is over."""
    who = user.get_name()
    with reading.connected(is_readonly=False) as connection, connection, connection.cursor() as cursor:
        incidents.acknowledge(cursor, incident_id, by=who, now=datetime.now(UTC))
    return JSONResponse({"incident_id": incident_id, "acknowledged_by": who})
