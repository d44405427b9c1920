"""`./etl plan`: what would a publish change?"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from batch_etl.plan import plan_publish
from batch_etl.settings import Settings
from batch_etl.stores import warehouse


def register(app: typer.Typer) -> None:
    app.command("plan")(plan)


def plan(
    run: Annotated[str, typer.Option(help="The DAG run; without it the one that was loaded last.")] = "",
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Tell how many rows of each table a publish of what is staged would insert, update and delete."""
    with warehouse.connect(Settings().warehouse_dsn.get_secret_value(), application_name="plan") as connection:
        if run:
            warehouse.require_run(connection, run)
        found = plan_publish(connection, run)
    typer.echo(json.dumps(asdict(found), default=str) if as_json else str(found))
