"""How the report and the live page turn values into HTML: every one is made visible, and escaped after."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from batch_etl.report.cells import cell, row_line, size
from batch_etl.wording import counted

TEMPLATES = Path(__file__).parent


def make_environment(*folders: Path) -> Environment:
    """Templates of these folders, found in their order; style.css is the report's."""
    environment = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]),
        autoescape=True,
        # Every value that is printed goes through here, and is escaped after.
        finalize=_printed,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["size"] = size
    environment.filters["counted"] = counted
    environment.filters["row_line"] = row_line
    return environment


def _printed(value: object) -> str:
    return value if isinstance(value, Markup) else cell(value)
