"""Tables drawn in a test: the first line names the columns, `|` stands between cells."""

import json
from collections.abc import Mapping

import pyarrow as pa


def read_drawing(drawing: str) -> tuple[list[str], list[list[str | None]]]:
    """Names and rows of a drawn table.

    Cells are strings; an empty one is None. A cell in double quotes is a JSON string, for what cannot be drawn.
    """
    names, *rows = ([cell.strip() for cell in line.split("|")] for line in drawing.strip().splitlines())
    return names, [[_value(cell) for cell in row] for row in rows]


def draw_table(drawing: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    """A drawn table as Arrow's columns: of strings where no type is given."""
    names, rows = read_drawing(drawing)
    columns = {name: pa.array([row[i] for row in rows], pa.string()) for i, name in enumerate(names)}
    return pa.table({name: values.cast(types.get(name, pa.string())) for name, values in columns.items()})


def _value(cell: str) -> str | None:
    return json.loads(cell) if cell.startswith('"') else cell or None
