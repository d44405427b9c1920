"""What is wrong with one contract, collected with its place, so that all of it is told at once."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from open_data_contract_standard.model import CustomProperty
from pydantic import BaseModel

# Fields of the standard that tell people something and promise nothing that a pipeline could keep.
_DOCUMENTATION = (
    *("id", "description", "businessName", "tags", "synonyms", "deprecated", "examples", "authoritativeDefinitions"),
    *("semanticType", "criticalDataElement", "context", "environment", "roles", "dimension", "businessImpact"),
)

_COLUMN = re.compile(r"properties[\[.](\d+)")


class Faults:
    """Faults of one file, in the order in which they were found.

    columns  what its columns are called: people do not count them
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.columns: Sequence[str] = ()
        self.found: list[str] = []

    def add(self, place: str, fault: str) -> None:
        column = _COLUMN.search(place)
        name = self.columns[int(column[1])] if column and int(column[1]) < len(self.columns) else ""
        told = f" (column {name})" if name and f"'{name}'" not in fault else ""
        self.found.append(f"{self.file}: {place}: {fault}{told}")

    def hides(self, rest: str) -> None:
        """Say of the last fault that something cannot be checked before it is mended."""
        self.found[-1] += f"; {rest} is checked once this is mended"

    def check_unknown(self, given: object, read: object, place: str = "") -> None:
        """Add every field that the standard does not have: its models pass over them in silence."""
        if isinstance(read, BaseModel) and isinstance(given, dict):
            names = {field.alias or name: name for name, field in type(read).model_fields.items()}
            for name, value in given.items():
                inner = f"{place}.{name}".removeprefix(".")
                if name in names:
                    self.check_unknown(value, getattr(read, names[name]), inner)
                else:
                    self.add(inner, "the standard has no such field; is it misspelt?")
        elif isinstance(read, list) and isinstance(given, list):
            for i, (value, item) in enumerate(zip(given, read, strict=True)):
                self.check_unknown(value, item, f"{place}[{i}]")

    def check_obeyed(self, model: BaseModel, place: str, obeyed: Iterable[str]) -> None:
        """Add every field that the standard has and this pipeline would not keep."""
        wanted = tuple(obeyed)
        for name, value in model:
            if value is not None and name not in wanted and name not in _DOCUMENTATION:
                field = name.removesuffix("_")
                self.add(f"{place}.{field}", f"not supported; use {', '.join(wanted)}")

    def custom(self, properties: list[CustomProperty] | None, place: str, allowed: tuple[str, ...]) -> dict[str, Any]:
        """The values of customProperties by name; what is not allowed there is a fault."""
        values: dict[str, Any] = {}
        for i, custom in enumerate(properties or []):
            if custom.property not in allowed:
                wanted = f"use {', '.join(allowed)}" if allowed else "none is known here"
                self.add(f"{place}.customProperties[{i}]", f"'{custom.property}' is unknown; {wanted}")
            elif custom.property in values:
                self.add(f"{place}.customProperties[{i}]", f"'{custom.property}' is there twice")
            else:
                values[custom.property] = custom.value
        return values

    def choice(self, place: str, value: object, allowed: Iterable[str]) -> bool:
        """Whether a value is one of those allowed; a fault where it is not."""
        wanted = tuple(allowed)
        if value in wanted:
            return True
        self.add(place, f"{value!r} is not supported; use {', '.join(wanted)}")
        return False
