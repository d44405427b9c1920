"""The page's script and icons, and entries of the runbook."""

import re
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import FileResponse, Response
from markupsafe import Markup

from batch_etl.runbook import heading_of, read_entries
from batch_etl.settings import Settings
from live_page.pages import TEMPLATES, render

router = APIRouter()
_ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="{}" stroke-width="2">
<path d="M3 6h5l4 6h9M3 18h5l4-6M18 9l3 3-3 3"/></svg>"""


@router.get("/page.js")
def script() -> FileResponse:
    return FileResponse(TEMPLATES / "page.js", media_type="text/javascript")


@router.get("/icon.svg")
def icon() -> Response:
    return Response(_ICON.format("#d9822b"), media_type="image/svg+xml")


@router.get("/icon-dark.svg")
def icon_for_dark_mode() -> Response:
    return Response(_ICON.format("#b9c6da"), media_type="image/svg+xml")


@router.get("/runbook")
def runbook(request: Request, entry: str) -> Response:
    """What docs/runbook.md says under a heading, or of a check that shares its heading with others; and its query."""
    project = Settings().pipeline_home
    entries, query = read_entries(project), _query_of(project, entry)
    heading = heading_of(entry, entries)
    if heading is None and query is None:
        raise HTTPException(404, f"docs/runbook.md has no entry {entry}")
    paragraphs = [prose(part) for part in entries[heading].strip().split("\n\n")] if heading else []
    return render(request, "runbook", heading=heading or entry, paragraphs=paragraphs, query=query)


def _query_of(project: Path, check: str) -> Markup | None:
    """The query of a check that has one, escaped: of it every line is shown."""
    # Looked up, not put together: no name leads out of the folder.
    files = (file for file in (project / "sql/checks").glob("*.sql") if file.stem == check)
    return next((Markup.escape(file.read_text(encoding="utf-8")) for file in files), None)


def prose(paragraph: str) -> Markup:
    """A paragraph of the runbook with its code and its bold words; a list keeps its lines."""
    lines = re.sub(r"\n(?!- |\d\. )\s*", " ", paragraph)
    text = re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", str(Markup.escape(lines)))
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return Markup(re.sub(r"\*\*([^*]+)\*\*|\*([^*]+)\*", r"<b>\1\2</b>", text))  # noqa: S704 - escaped above
