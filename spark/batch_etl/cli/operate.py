"""Set up the warehouse, look at a run."""

from typing import Annotated

import typer

from batch_etl.cli.output import AsJson, print_answer, print_lines
from batch_etl.contracts.reader import read_contracts
from batch_etl.report.text import render_text
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.contract_tables import follow_contracts
from batch_etl.summary import read_summary


def register(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("summary")(summary)


def init() -> None:
    """Create the warehouse's schemas and tables, and what contracts got since; what stands stays as it is."""
    settings = Settings()
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name="init") as connection:
        warehouse.create_tables(connection, settings.pipeline_home / "sql/create_tables.sql")
        added = follow_contracts(connection, read_contracts(settings.folder("contracts")))
    print_lines(f"warehouse: tables are there{', new: ' if added else ''}{', '.join(added)}")


def summary(
    run: Annotated[str, typer.Option(help="The DAG run; without it the one that started last.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell what a run read, refused, quarantined, published, and how long each stage took."""
    settings = Settings()
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name="summary") as connection:
        if run:
            warehouse.require_run(connection, run)
        told = read_summary(connection, run or warehouse.newest_run(connection), settings)
    print_answer(told.as_json(), render_text(told).split("\n"), as_json=as_json)
