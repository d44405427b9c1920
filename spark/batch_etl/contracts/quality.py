"""The quality rules of a property: which values are allowed, which pattern they have, whether they may lack."""

from typing import Any

from open_data_contract_standard.model import DataQuality

from batch_etl.contracts.faults import Faults

_OBEYED = ("type", "name", "metric", "arguments", "mustBe", "severity")
_ARGUMENTS = {"invalidValues": ("validValues", "pattern"), "nullValues": ()}


def read_quality(rules: list[DataQuality], place: str, faults: Faults) -> dict[str, Any]:
    """The fields of a Column that its quality rules set."""
    fields: dict[str, Any] = {}
    for i, rule in enumerate(rules):
        for name, value in _read_rule(rule, f"{place}.quality[{i}]", faults).items():
            if name in fields:
                faults.add(f"{place}.quality[{i}]", "says again what another rule of this column says; keep one")
            fields[name] = value
    return fields


def _read_rule(rule: DataQuality, place: str, faults: Faults) -> dict[str, Any]:
    faults.check_obeyed(rule, place, _OBEYED)
    if rule.type is not None and not faults.choice(f"{place}.type", rule.type, ("library",)):
        return {}
    if not faults.choice(f"{place}.metric", rule.metric, _ARGUMENTS):
        return {}
    if type(rule.mustBe) is not int or rule.mustBe != 0:
        faults.add(f"{place}.mustBe", "must be 0: every record is judged by itself")
    faults.choice(f"{place}.severity", rule.severity or "error", ("error", "warning"))
    arguments = rule.arguments or {}
    for name in arguments:
        if name not in _ARGUMENTS[rule.metric or ""]:
            faults.add(f"{place}.arguments.{name}", f"not supported for {rule.metric}")
    fields: dict[str, Any] = {"is_required": True} if rule.metric == "nullValues" else {}
    if "pattern" in arguments:
        fields["pattern"] = arguments["pattern"]
    if "validValues" in arguments:
        values = _valid_values(arguments["validValues"], f"{place}.arguments.validValues", faults)
        fields |= {"allowed_values": values}
    elif not fields and rule.metric == "invalidValues":
        faults.add(f"{place}.arguments", "needs validValues or a pattern")
    if rule.severity == "warning":
        if list(fields) == ["allowed_values"]:
            return {**fields, "warns_only": True}
        faults.add(f"{place}.severity", "only validValues, in a rule of their own, can be a warning; use error")
    return fields


def _valid_values(values: Any, place: str, faults: Faults) -> tuple[str, ...]:  # noqa: ANN401 - whatever YAML holds
    if not isinstance(values, list) or not values:
        faults.add(place, "must be a list of values")
        return ()
    # YAML reads no as false, 1.10 as 1.1 and 2025-01-01 as a date: none of them is what stands there.
    for value in values:
        if type(value) not in (str, int):
            faults.add(place, f"{value!r} is not text; put it into quotes")
    allowed = tuple(str(value) for value in values)
    if len(set(allowed)) < len(allowed):
        faults.add(place, "names a value twice")
    return allowed
