"""A second opinion: judges raw files by the contracts' text, slowly and plainly, knowing nothing of the generator."""

import csv
import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_INTEGER = re.compile(r"-?[0-9]{1,18}")
_AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,2})?")
_FORMATS = {
    "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "%Y-%m-%d"),
    "timestamp": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"), "%Y-%m-%dT%H:%M:%SZ"),
}


@dataclass
class Verdict:
    """What becomes of a record: its typed values in contract order, or the reasons against it."""

    reasons: list[str]
    values: dict[str, Any]
    cents: int
    outcome: str = ""


@cache
def judge_file(raw: Path, contract: Path) -> list[Verdict]:
    schema = yaml.safe_load(contract.read_text(encoding="utf-8"))["schema"][0]
    columns = schema["properties"]
    custom = {item["property"]: item["value"] for item in schema["customProperties"]}
    text = raw.read_text(encoding="utf-8")
    if raw.suffix == ".json":
        taken_apart = [_take_document_apart(line, columns) for line in text.split("\n")[:-1]]
    else:
        taken_apart = [_take_csv_apart(record, columns) for record in _csv_records(text)[1:]]
    verdicts = [_judge(fault, cells, columns, custom.get("ledgerAmount")) for fault, cells in taken_apart]
    _mark_duplicates(verdicts, [c["name"] for c in columns if c.get("primaryKey")], custom["versionOrder"])
    return verdicts


def _csv_records(text: str) -> list[str]:
    """Cut at line feeds outside of quotes; every planted fault keeps its quotes paired."""
    records, open_record = [], ""
    for line in text.split("\n")[:-1]:
        record = open_record + line
        open_record = record + "\n" if record.count('"') % 2 else ""
        if not open_record:
            records.append(record)
    assert not open_record
    return records


def _take_csv_apart(record: str, columns: list[Any]) -> tuple[str | None, dict[str, Any]]:
    if not re.fullmatch(r'("(""|[^"])*"|[^",\n]*)(,("(""|[^"])*"|[^",\n]*))*', record):
        return "record: malformed CSV", {}
    (cells,) = csv.reader([record.replace("\n", "\v")], strict=True)
    if len(cells) != len(columns):
        return f"record: {len(cells)} fields instead of {len(columns)}", {}
    names = [column["name"] for column in columns]
    return None, {name: cell.replace("\v", "\n") or None for name, cell in zip(names, cells, strict=True)}


def _take_document_apart(line: str, columns: list[Any]) -> tuple[str | None, dict[str, Any]]:
    names = [column["name"] for column in columns]
    try:
        pairs = json.loads(line, object_pairs_hook=list, parse_constant=lambda _: 1 / 0)
        document = dict(pairs)
    except (ValueError, TypeError, ZeroDivisionError):
        return "record: malformed JSON", {}
    if len(document) != len(pairs) or not line.startswith("{"):
        return "record: malformed JSON", {}
    return (None, document) if document.keys() <= set(names) else ("record: unknown field", {})


def _judge(fault: str | None, cells: dict[str, Any], columns: list[Any], ledger_amount: str | None) -> Verdict:
    if fault:
        return Verdict([fault], {}, 0, "quarantined")
    amount = cells.get(ledger_amount) if ledger_amount else None
    cents = int(Decimal(amount) * 100) if amount and _AMOUNT.fullmatch(amount) else 0
    values: dict[str, Any] = {}
    reasons = []
    for column in columns:
        name, value = column["name"], cells.get(column["name"])
        rule, values[name] = _judge_value(value, column)
        reasons += [f"{name}: {rule}"] if rule else []
    return Verdict(reasons, values, cents, "quarantined" if reasons else "")


def _judge_value(value: Any, column: dict[str, Any]) -> tuple[str | None, Any]:
    if value is None:
        return ("missing" if column.get("required") else None), None
    if not isinstance(value, str):
        return "not text", None
    kind, options = column["logicalType"], column.get("logicalTypeOptions", {})
    rule, typed = _typed(value, kind, column["physicalType"])
    return rule or _broken_limit(value, typed, kind, options) or _not_allowed(value, column), typed


def _typed(value: str, kind: str, physical: str) -> tuple[str | None, Any]:
    if kind == "integer":
        fits = _INTEGER.fullmatch(value) and -(2**31) <= int(value) < 2**31
        return (None, int(value)) if fits else ("not an integer", None)
    if kind == "number":
        precision, scale = map(int, re.findall(r"\d+", physical))
        fits = re.fullmatch(rf"-?[0-9]{{1,{precision - scale}}}(\.[0-9]{{1,{scale}}})?", value)
        return (None, Decimal(value)) if fits else ("not a number", None)
    if kind in _FORMATS:
        pattern, layout = _FORMATS[kind]
        try:
            if pattern.fullmatch(value):
                return None, datetime.strptime(value, layout)  # noqa: DTZ007 - all times are UTC
        except ValueError:
            pass
        return f"not a {kind}", None
    return None, value


def _broken_limit(value: str, typed: Any, kind: str, options: dict[str, Any]) -> str | None:
    """The first limit that is broken, in the order in which reasons are given."""
    low, high = options.get("minimum"), options.get("maximum")
    rules = {
        f"shorter than {options.get('minLength')}": len(value) < options.get("minLength", 0),
        f"longer than {options.get('maxLength')}": len(value) > options.get("maxLength", len(value)),
        "does not match the pattern": not re.fullmatch(options.get("pattern", "(?s:.*)"), value, re.ASCII),
        f"below {low}": low is not None and typed < _limit(low, kind),
        f"above {high}": high is not None and typed > _limit(high, kind),
    }
    return next((rule for rule, is_broken in rules.items() if is_broken), None)


def _limit(limit: Any, kind: str) -> Any:
    return datetime.fromisoformat(limit).replace(tzinfo=None) if kind in _FORMATS else Decimal(str(limit))


def _not_allowed(value: str, column: dict[str, Any]) -> str | None:
    allowed = [values for rule in column.get("quality", []) for values in rule["arguments"]["validValues"]]
    return "not an allowed value" if allowed and value not in allowed else None


def _mark_duplicates(verdicts: list[Verdict], key: list[str], version_order: list[str]) -> None:
    best: dict[tuple[Any, ...], tuple[Any, Verdict]] = {}
    for verdict in verdicts:
        if verdict.outcome == "quarantined":
            continue
        verdict.outcome = "clean"
        values = verdict.values
        ordered = [*(values[name] for name in version_order), *values.values()]
        rank = [(value is not None, value) if value is not None else (False,) for value in ordered]
        rival_rank, rival = best.get(identity := tuple(values[name] for name in key), (None, verdict))
        if rival_rank is None:
            best[identity] = (rank, verdict)
        elif rank > rival_rank:
            rival.outcome, rival.reasons = "duplicate", ["superseded version"]
            best[identity] = (rank, verdict)
        else:
            verdict.outcome = "duplicate"
            verdict.reasons = ["exact copy" if rank == rival_rank else "superseded version"]
