"""`./etl plan`: what would a publish change?"""

from dataclasses import asdict
from typing import Annotated

import typer

from batch_etl.cli.output import AsJson, print_answer
from batch_etl.plan import plan_publish
from batch_etl.settings import Settings
from batch_etl.stores import warehouse


def register(app: typer.Typer) -> None:
    app.command("plan")(plan)


def plan(
    run: Annotated[str, typer.Option(help="The DAG run; without it the one that was loaded last.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Tell how many rows of each table a publish of what is staged would insert, update and delete."""
    with warehouse.connect(Settings().warehouse_dsn.get_secret_value(), application_name="plan") as connection:
        if run:
            warehouse.require_run(connection, run)
        found = plan_publish(connection, run)
    print_answer(asdict(found), str(found).split("\n"), as_json=as_json)
