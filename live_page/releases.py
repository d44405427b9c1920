"""What was published, what each release changed, and what a restore would change."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from batch_etl import restore
from batch_etl.stores import history
from live_page import reading
from live_page.access import RightsDep, may_restore
from live_page.pages import render

router = APIRouter()
SHOWN = 20


@router.get("/releases")
def show_releases(request: Request, rights: RightsDep, before: Annotated[int | None, Query(ge=1)] = None) -> Response:
    """Releases, the newest first; before: those with a lower number."""
    with reading.snapshot() as cursor:
        found = history.list_releases(cursor, before=before, limit=SHOWN + 1)
    shown = [{**release, "changes": _changes(release["changes"])} for release in found[:SHOWN]]
    older = shown[-1]["release"] if len(found) > SHOWN else None
    is_first_page = before is None
    return render(
        request, "releases", here="releases", releases=shown, older=older, may_restore=rights.restore,
        newest=shown[0]["release"] if shown and is_first_page else None,
    )  # fmt: skip


@router.get("/releases/{release}/restore", dependencies=[Depends(may_restore)])
def ask_before_a_restore(request: Request, release: int) -> Response:
    """How many rows of each table would change, and the button that triggers the DAG."""
    with reading.snapshot() as cursor:
        changes = restore.foresee(cursor, release)
        newest = history.newest_release(cursor)
    return render(
        request, "restore", here="releases", release=release, newest=newest, changes=changes, conf={"release": release}
    )


def _changes(changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Tables that a release changed, with the sums that moved."""
    return [
        {"table": table, **change, "sums": sorted(change["sums"].items())}
        for table, change in sorted(changes.items())
        if change["inserted"] or change["updated"] or change["deleted"]
    ]
