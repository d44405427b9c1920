"""`./etl status | incidents | acknowledge`: is all well, what is wrong, who is at it."""

import getpass
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.cli.output import AsJson, add_row, make_table, print_answer, print_json, print_lines, print_table
from batch_etl.errors import ConfigurationError
from batch_etl.settings import Settings
from batch_etl.stores import incidents, warehouse


def register(app: typer.Typer) -> None:
    app.command("status")(status)
    app.command("incidents")(list_incidents)
    app.command("acknowledge")(acknowledge)


def status(*, as_json: AsJson = False) -> None:
    """Tell what readers see, how the last run came on, and what is wrong."""
    with _connected() as connection, connection, connection.cursor() as cursor:
        told = incidents.read_status(cursor)
        going_on = incidents.list_incidents(cursor, recovered_too=False)
    if as_json:
        print_json({**told, "incidents": going_on})
        return
    release = f"{told['release']}, published {_moment(told['published_at'])}" if told["release"] else "none yet"
    stages = ", ".join(f"{stage['stage']} {stage['state']}" for stage in told["stages"])
    print_lines(
        f"release    {release}",
        f"last run   {told['last_run'] or 'none yet'}{': ' if stages else ''}{stages}",
        f"incidents  {told['open_incidents']} open, {told['acknowledged_incidents']} acknowledged",
        f"messages   {told['waiting_messages']} wait to be sent",
    )
    if going_on:
        _print_table(going_on)


def list_incidents(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the incidents that go on, newest first, with the entry of docs/runbook.md that tells what to do."""
    with _connected() as connection, connection, connection.cursor() as cursor:
        found = incidents.list_incidents(cursor, recovered_too=everything)
    if as_json:
        print_json(found)
    elif found:
        _print_table(found)
    else:
        print_lines("no incident")


def acknowledge(
    incident_id: int,
    *,
    by: Annotated[str, typer.Option(help="Who is at it; without it the user of this system.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell the others that somebody is at an incident. It closes by itself when it is over."""
    who = by or _user()
    with _connected() as connection, connection, connection.cursor() as cursor:
        incidents.acknowledge(cursor, incident_id, by=who, now=datetime.now(UTC))
    told = {"incident_id": incident_id, "acknowledged_by": who}
    print_answer(told, [f"incident {incident_id} is acknowledged by {who}"], as_json=as_json)


def _user() -> str:
    try:
        return getpass.getuser()
    # KeyError: until Python 3.12.
    except (OSError, KeyError):
        raise ConfigurationError("--by: this system has no name for its user; say who is at it") from None


def _connected() -> AbstractContextManager[Connection]:
    return warehouse.connect(Settings().warehouse_dsn.get_secret_value(), application_name="incidents")


def _print_table(found: list[dict[str, Any]]) -> None:
    headings = ("id", "severity", "state", "what", "times", "since (UTC)", "runbook")
    table = make_table(headings, names=("id", "severity"), moments=("since (UTC)",))
    for row in found:
        state = f"{row['state']} ({row['acknowledged_by']})" if row["state"] == "acknowledged" else row["state"]
        cells = (row["incident_id"], row["severity"], state, row["subject"], row["occurrences"])
        add_row(table, (*cells, _moment(row["first_seen_at"]), row["runbook"]))
    print_table(table)


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" if at else ""
