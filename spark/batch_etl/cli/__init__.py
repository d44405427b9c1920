"""`./etl …`, which runs `python -m batch_etl …` where the stack runs. Each module holds one group of commands."""

import sys
from collections.abc import Sequence

import typer

from batch_etl.cli import (
    alerts,
    check,
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
for group in (
    operate,
    configuration,
    generate,
    incidents,
    alerts,
    check,
    verify,
    contents,
    growth,
    plan,
    quarantine,
    releases,
):
    group.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, by default that of sys.argv; an EtlError ends in its exit code, a bug keeps its traceback."""
    try:
        app(arguments, prog_name="./etl")
    except EtlError as error:
        typer.secho(str(error), err=True, fg="red")
        sys.exit(error.exit_code)
