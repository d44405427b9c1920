"""What is in quarantine, masked and filtered, and what a replay would make of it."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from batch_etl.quarantine.desk import read_desk
from batch_etl.quarantine.selection import Selection
from batch_etl.settings import Settings
from batch_etl.stores.quarantine import count_records, count_rules, read_records
from live_page import reading
from live_page.access import RightsDep, may_replay
from live_page.pages import render

router = APIRouter()
SHOWN = 25
REASONS = 20
# Judging again costs a second for each 50,000 records or so.
LOOKED_AT = 20_000


@dataclass(frozen=True)
class Filters:
    """As they stand in the address and in the form."""

    dataset: str = ""
    reason: str = ""
    file: str = ""
    since: str = ""

    @property
    def selection(self) -> Selection:
        return Selection.of(vars(self))

    @property
    def query(self) -> str:
        return urlencode({name: text for name, text in vars(self).items() if text})


FiltersDep = Annotated[Filters, Depends()]


@router.get("/quarantine")
def show_quarantine(
    request: Request, filters: FiltersDep, rights: RightsDep, page: Annotated[int, Query(ge=1, le=10_000)] = 1
) -> Response:
    """Published records that pass the filters, personal values as ***."""
    selection = filters.selection
    with reading.connected() as connection:
        desk = read_desk(connection, Settings())
        total = count_records(connection, selection)
        rules = count_rules(connection, selection, limit=REASONS)
        portions = list(read_records(connection, selection, limit=SHOWN, offset=(page - 1) * SHOWN))
        records = [desk.masked(record) for portion in portions for record in portion]
    return render(
        request, "quarantine", here="quarantine", filters=filters, datasets=sorted(desk.contracts), total=total,
        rules=rules, records=records, page=page, has_more=page * SHOWN < total, may_replay=rights.replay,
    )  # fmt: skip


@router.get("/quarantine/replay", dependencies=[Depends(may_replay)])
def ask_before_a_replay(request: Request, filters: FiltersDep) -> Response:
    """The outlook of a dry run, and the button that triggers the DAG."""
    with reading.connected() as connection:
        desk = read_desk(connection, Settings())
        total = count_records(connection, filters.selection)
        outlook = desk.foresee(filters.selection, limit=LOOKED_AT)
    return render(
        request, "replay", here="quarantine", filters=filters, outlook=outlook, told=outlook.as_json(), total=total,
        conf=filters.selection.as_conf(),
    )  # fmt: skip
