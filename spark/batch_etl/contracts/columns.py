"""The columns of a contract and every rule about their values."""

import re
from typing import Any, get_args

from open_data_contract_standard.model import SchemaProperty

from batch_etl.contract import Column, Kind, Normalisation
from batch_etl.contracts.faults import Faults
from batch_etl.contracts.quality import read_quality
from batch_etl.contracts.time_format import format_fault
from batch_etl.contracts.values import ISO_FORMATS, broken_rules, limit_value, pattern_fault

_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "decimal",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
_PHYSICAL_TYPES = {
    "text": ("text",),
    "integer": ("smallint", "integer", "bigint"),
    "date": ("date",),
    "timestamp": ("timestamptz",),
    "boolean": ("boolean",),
}
_OPTIONS = {
    "text": ("pattern", "minLength", "maxLength"),
    "integer": ("minimum", "maximum"),
    "decimal": ("minimum", "maximum"),
    "date": ("format", "minimum", "maximum"),
    "timestamp": ("format", "minimum", "maximum"),
    "boolean": (),
}
_OBEYED = (
    *("name", "logicalType", "physicalType", "required", "primaryKey", "primaryKeyPosition", "classification"),
    *("logicalTypeOptions", "quality", "relationships", "customProperties"),
)
_NORMALISATIONS = get_args(Normalisation)
_CLASSIFICATIONS = ("public", "internal", "confidential", "restricted")
# A name is written unquoted in SQL, and what starts with _ is ours.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
# Of a table: PostgreSQL keeps 63, and one in staging adds the token, a number of its own and what its key is called.
LONGEST_NAME = 32
_SYSTEM_COLUMNS = ("ctid", "cmax", "cmin", "tableoid", "xmax", "xmin")
_DECIMAL = re.compile(r"(?:numeric|decimal)\((\d+),\s*(\d+)\)")
# What both Spark's and Arrow's decimals hold.
_MOST_DIGITS = 38


def read_columns(properties: list[SchemaProperty], faults: Faults) -> tuple[Column, ...]:
    """Read every property that can be read; the others are faults."""
    columns: list[Column] = []
    seen: set[str] = set()
    for i, prop in enumerate(properties):
        place = f"schema[0].properties[{i}]"
        # Spark does not tell the case of names apart.
        name = (prop.name or "").lower()
        if name in seen:
            faults.add(f"{place}.name", f"'{prop.name}' is there twice")
        if name in _SYSTEM_COLUMNS:
            faults.add(f"{place}.name", f"'{prop.name}' is a column that every table of PostgreSQL has; rename it")
        seen.add(name)
        column = _read_column(prop, place, faults)
        columns += [column] if column else []
    return tuple(columns)


def _read_column(prop: SchemaProperty, place: str, faults: Faults) -> Column | None:
    faults.check_obeyed(prop, place, _OBEYED)
    if not NAME.fullmatch(prop.name or ""):
        faults.add(f"{place}.name", f"{prop.name!r} must start with a letter, and hold letters, digits and _ only")
        faults.hides("the rest of the column")
        return None
    is_known = faults.choice(f"{place}.logicalType", prop.logicalType, _KINDS)
    bare = _bare_column(prop, place, faults) if is_known else None
    if bare is None:
        faults.hides("the rest of the column")
        return None
    found = len(faults.found)
    column = _with_options(bare, f"{place}.logicalTypeOptions", dict(prop.logicalTypeOptions or {}), faults)
    rules = read_quality(prop.quality or [], place, faults)
    if column.pattern and "pattern" in rules:
        faults.add(f"{place}.quality", "holds a pattern, and logicalTypeOptions another one; keep one of them")
    _check_pattern(f"{place}.quality", rules.get("pattern"), faults)
    if "pattern" in rules and column.kind != "text":
        faults.add(f"{place}.quality", f"a pattern is not supported for {column.kind}; use limits or validValues")
    column = column.model_copy(update={**rules, "is_required": bool(prop.required) or "is_required" in rules})
    if len(faults.found) == found:
        _check_bounds(column, f"{place}.logicalTypeOptions", faults)
        _check_allowed_values(column, f"{place}.quality", faults)
    return column


def _bare_column(prop: SchemaProperty, place: str, faults: Faults) -> Column | None:
    """A column without the rules about its values."""
    kind, physical_type = _KINDS[prop.logicalType or ""], prop.physicalType or ""
    precision = scale = None
    if kind == "decimal":
        precision, scale = _digits(physical_type)
        if precision is None:
            fault = f"'{physical_type}' must say its digits, {_MOST_DIGITS} at most, such as numeric(12,2)"
            faults.add(f"{place}.physicalType", fault)
            return None
    elif not faults.choice(f"{place}.physicalType", physical_type, _PHYSICAL_TYPES[kind]):
        return None
    if prop.classification is not None:
        faults.choice(f"{place}.classification", prop.classification, _CLASSIFICATIONS)
    return Column(
        name=prop.name or "",
        kind=kind,
        physical_type=physical_type,
        description=prop.description or "",
        is_personal=prop.classification == "restricted",
        precision=precision,
        scale=scale,
        normalisations=_normalisations(prop, place, faults),
    )


def _digits(physical_type: str) -> tuple[int | None, int | None]:
    match = _DECIMAL.fullmatch(physical_type)
    if not match or not int(match[2]) < int(match[1]) <= _MOST_DIGITS:
        return None, None
    return int(match[1]), int(match[2])


def _normalisations(prop: SchemaProperty, place: str, faults: Faults) -> Any:  # noqa: ANN401 - checked by the model
    steps = faults.custom(prop.customProperties, place, ("normalise",)).get("normalise", [])
    place = f"{place}.customProperties.normalise"
    if not isinstance(steps, list):
        faults.add(place, f"must be a list of {', '.join(_NORMALISATIONS)}")
        return ()
    # Each step is looked at, for every fault.
    if [step for step in steps if faults.choice(place, step, _NORMALISATIONS)] != steps:
        return ()
    if len(set(steps)) < len(steps) or {"upper", "lower"} <= set(steps):
        faults.add(place, "names a step twice, or both upper and lower")
    return tuple(steps)


def _with_options(column: Column, place: str, options: dict[str, Any], faults: Faults) -> Column:
    for name in options:
        if name not in _OPTIONS[column.kind]:
            wanted = ", ".join(_OPTIONS[column.kind]) or "none"
            faults.add(f"{place}.{name}", f"not supported for {column.kind}; use {wanted}")
    if column.kind in ("date", "timestamp"):
        column = column.model_copy(update={"time_format": _time_format(place, column, options.get("format"), faults)})
    pattern = options.get("pattern")
    _check_pattern(f"{place}.pattern", pattern, faults)
    shortest, longest = (_length(f"{place}.{name}", options.get(name), faults) for name in ("minLength", "maxLength"))
    lowest, highest = (_limit(f"{place}.{name}", column, options.get(name), faults) for name in ("minimum", "maximum"))
    limits = {"min_length": shortest, "max_length": longest, "minimum": lowest, "maximum": highest}
    return column.model_copy(update={"pattern": pattern, **limits})


def _time_format(place: str, column: Column, time_format: object, faults: Faults) -> str:
    if not isinstance(time_format, str):
        faults.add(f"{place}.format", f"must say how a {column.kind} is written, such as {ISO_FORMATS[column.kind]}")
        return ""
    fault = format_fault(time_format, is_date=column.kind == "date")
    if fault:
        faults.add(f"{place}.format", f"'{time_format}': {fault}")
    return time_format


def _check_pattern(place: str, pattern: object, faults: Faults) -> None:
    fault = None if pattern is None else pattern_fault(pattern)
    if fault:
        faults.add(place, f"{pattern!r}: {fault}")


def _length(place: str, length: object, faults: Faults) -> int | None:
    if length is None or (type(length) is int and length >= 0):
        return length
    faults.add(place, f"'{length}' is not a whole number")
    return None


def _limit(place: str, column: Column, limit: object, faults: Faults) -> str | None:
    """A limit as it is written. One that is no value of its column would fail the job that judges by it."""
    if limit is None or column.kind in ("text", "boolean"):
        return None
    if limit_value(str(limit), column) is None:
        like = ISO_FORMATS.get(column.kind, "12.50" if column.scale else "12")
        faults.add(place, f"'{limit}' is no {column.physical_type}; write it like {like}")
    return str(limit)


def _check_bounds(column: Column, place: str, faults: Faults) -> None:
    lowest, highest = (limit and limit_value(limit, column) for limit in (column.minimum, column.maximum))
    if lowest is not None and highest is not None and highest < lowest:
        faults.add(f"{place}.maximum", f"'{column.maximum}' is below the minimum '{column.minimum}'")
    if column.max_length is not None and column.max_length < (column.min_length or 0):
        faults.add(f"{place}.maxLength", f"{column.max_length} is below the minLength {column.min_length}")


def _check_allowed_values(column: Column, place: str, faults: Faults) -> None:
    for value in column.allowed_values:
        for broken in broken_rules(value, column):
            faults.add(place, f"the allowed value '{value}' {broken}; no record could hold it")
