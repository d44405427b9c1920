"""`python -m batch_etl …`, which ./etl runs where the stack runs. Each module holds one group of commands."""

import sys

import typer

from batch_etl.cli import (
    configuration,
    contents,
    generate,
    growth,
    incidents,
    operate,
    plan,
    quarantine,
    releases,
    verify,
)
from batch_etl.errors import EtlError

app = typer.Typer(help="The batch ETL stack from the command line.", no_args_is_help=True, add_completion=False)
for group in (operate, configuration, generate, incidents, verify, contents, growth, plan, quarantine, releases):
    group.register(app)


def main() -> None:
    """Run a command; an EtlError ends in its exit code and one line, a bug keeps its traceback."""
    try:
        app()
    except EtlError as error:
        typer.secho(str(error), err=True, fg="red")
        sys.exit(error.exit_code)
