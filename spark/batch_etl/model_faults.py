"""What a pydantic model found wrong, in words that name the fix."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

Place = Sequence[int | str]


def model_faults(error: ValidationError, model: type[BaseModel], *, whole: str) -> Iterator[tuple[str, str]]:
    """Place and fault of each error. whole: what a fault of everything is told of, such as "the file"."""
    for found in error.errors():
        place = found["loc"]
        yield ".".join(map(str, place)) or whole, _fault(found, model)


def _fault(found: Any, model: type[BaseModel]) -> str:  # noqa: ANN401 - a dictionary of pydantic's
    place: Place = found["loc"]
    if not place:
        return "empty" if found["input"] is None else "holds no fields with values"
    if found["type"] == "missing":
        return "missing"
    holder = _model_at(model, place[:-1]) if found["type"] == "extra_forbidden" else None
    if holder is None:
        return str(found["msg"])
    known = [field.alias or name for name, field in holder.model_fields.items()]
    close = get_close_matches(str(place[-1]), known, n=1)
    return f"unknown; known are {', '.join(known)}{f'; did you mean {close[0]}?' if close else ''}"


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The model of what stands at a place; None where it cannot be told."""
    for name in place:
        if isinstance(name, int):
            continue
        fields = {field.alias or own: field for own, field in model.model_fields.items()}
        inner = next(_models_in(fields[name].annotation), None) if name in fields else None
        if inner is None:
            return None
        model = inner
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
