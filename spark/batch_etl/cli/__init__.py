"""`./etl …`, which runs `python -m batch_etl …` where the stack runs. Each module holds one group of commands."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

import psycopg2
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
from batch_etl.cli.output import give_up_output, open_streams, print_error, print_json
from batch_etl.errors import ConfigurationError, EtlError, WarehouseUnavailable

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
    given = sys.argv[1:] if arguments is None else arguments
    open_streams()
    try:
        _run(given)
    except EtlError as error:
        print_error(str(error))
        if "--json" in given and not error.is_answered:
            with suppress(OSError):
                print_json({"error": str(error)})
        give_up_output()
        sys.exit(error.exit_code)


def _run(arguments: Sequence[str]) -> None:
    """Run a command. What is wrong around it, and no bug, becomes an EtlError."""
    for argument in arguments:
        _require_utf8(argument)
    try:
        app(arguments, prog_name="./etl")
    except (psycopg2.OperationalError, psycopg2.InterfaceError) as error:
        # In the middle: whoever cannot connect is told so by stores/warehouse.py.
        raise WarehouseUnavailable(f"warehouse: {error}; python3 validate_simple.py tells what is down") from None
    except OSError as error:
        fix = "look at the path, its rights and the room on its disk"
        raise EtlError(f"{error.filename or 'output'}: {error.strerror or error}; {fix}") from None


def _require_utf8(argument: str) -> None:
    try:
        argument.encode("utf-8")
    except UnicodeEncodeError:
        shown = os.fsencode(argument).decode("utf-8", "backslashreplace")
        raise ConfigurationError(
            f"'{shown}': not UTF-8, as every argument must be; type or rename it in UTF-8"
        ) from None
