"""Records as people may see them: values of personal columns are left out, of every reason too."""

import csv
import io
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from batch_etl.contract import Contract
from batch_etl.quarantine.record import QuarantinedRecord, rule_of
from batch_etl.records.boundaries import Records
from batch_etl.records.csv_records import parse_csv

MASK = "***"
_WHOLE = "record"


def masked(record: QuarantinedRecord, contract: Contract | None, header: Sequence[str] | None) -> QuarantinedRecord:
    """The record without personal values; the whole text is left out where they cannot be told from the others.

    contract  None where the dataset has none any more: nobody knows what is personal
    header    the columns of the record's file; None where it is not in landing any more
    """
    if contract is not None and not _personal(contract):
        return record
    raw = _masked_text(record.raw, contract, header) if contract is not None else None
    reasons = tuple(_masked_reason(reason, contract) for reason in record.reasons)
    return replace(record, raw=MASK if raw is None else raw, reasons=reasons)


def personal_names(contracts: Iterable[Contract]) -> set[str]:
    """Columns that some contract calls personal: in any published table, one of that name holds such values."""
    return {name for contract in contracts for name in _personal(contract)}


def names_in_warehouse(contracts: Iterable[Contract]) -> set[str]:
    """The same, and the columns of quarantine.records that hold what stood in files, where some of it is personal."""
    names = personal_names(contracts)
    return names | {"raw", "reasons"} if names else names


def masked_row(row: Mapping[str, Any], personal: Collection[str]) -> dict[str, Any]:
    """A row of a table without personal values, nor those of rows that stand in it as JSON or in an array."""
    return {
        name: MASK if name in personal and value is not None else masked_inside(value, personal)
        for name, value in row.items()
    }


def masked_inside(value: Any, personal: Collection[str]) -> Any:  # noqa: ANN401 - whatever stands in a column
    if isinstance(value, dict):
        return masked_row(value, personal)
    if isinstance(value, list):
        return [masked_inside(part, personal) for part in value]
    return value


def masked_computed(value: Any, free: Collection[str], personal: Collection[str], query: str) -> Any:  # noqa: ANN401
    """What a query made of columns of which some are personal: what its text says, and free columns within JSON.

    free, personal: names of columns
    """
    if isinstance(value, dict):
        return {
            name if name in free or name in personal or _has_word(query, name) else MASK: (
                part
                if name in free and not isinstance(part, dict | list)
                else masked_computed(part, free, personal, query)
            )
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [masked_computed(part, free, personal, query) for part in value]
    is_said = isinstance(value, str) and "'{}'".format(value.replace("'", "''")) in query
    return value if value is None or is_said else MASK


def _has_word(text: str, word: str) -> bool:
    return re.search(rf"\b{re.escape(word)}\b", text) is not None


def _personal(contract: Contract) -> set[str]:
    return {column.name for column in contract.columns if column.is_personal}


def _is_json(contract: Contract | None) -> bool:
    return contract is not None and contract.file_format == "json"


def _masked_reason(reason: str, contract: Contract | None) -> str:
    """The reason without the value, unless its column is known to be free of personal data."""
    # Of a record as a whole it is the name of a field, where a value may stand by mistake.
    free = set(contract.column_names) - _personal(contract) - {_WHOLE} if contract is not None else set()
    rule = rule_of(reason)
    value = reason.removeprefix(rule).removeprefix(": ")
    is_free = reason.partition(":")[0] in free and not (_is_json(contract) and value.startswith(("{", "[")))
    return reason if is_free or not value else f"{rule}: {MASK}"


def _masked_text(raw: str, contract: Contract, header: Sequence[str] | None) -> str | None:
    """None where the text cannot be taken apart into the columns of its file."""
    # A column that the contract does not know may hold anything, and so may the name of a field.
    free = set(contract.column_names) - _personal(contract)
    if _is_json(contract):
        try:
            document = json.loads(raw)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict):
            return None
        known = set(contract.column_names)
        # An object or a list is no value of a column: what is in it has names of its own.
        shown = {
            k if k in known else MASK: v if k in free and not isinstance(v, dict | list) else MASK
            for k, v in document.items()
        }
        return json.dumps(shown, ensure_ascii=False)
    if header is None or len(set(header)) < len(header):
        return None
    record = Records.one_by_one([raw.encode("utf-8")])
    row = parse_csv(record, names=header, delimiter=contract.dialect.delimiter).to_pylist()[0]
    if row["_fault"] is not None:
        return None
    line = io.StringIO()
    values = [row[name] if name in free or row[name] is None else MASK for name in header]
    csv.writer(line, delimiter=contract.dialect.delimiter, lineterminator="").writerow(values)
    return line.getvalue()
