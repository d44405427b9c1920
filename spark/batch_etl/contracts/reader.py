"""Reads data contracts (Open Data Contract Standard v3.1); what the pipeline could not keep is refused here."""

from pathlib import Path
from typing import Any

from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty

from batch_etl.contract import Column, Contract
from batch_etl.contracts.columns import LONGEST_NAME, NAME, read_columns
from batch_etl.contracts.document import read_document
from batch_etl.contracts.faults import Faults
from batch_etl.contracts.source import read_source
from batch_etl.contracts.together import faults_together
from batch_etl.errors import ConfigurationError

_SUFFIX = ".odcs.yaml"
_OBEYED = ("name", "logicalType", "physicalType", "dataGranularityDescription", "properties", "customProperties")
_CUSTOM = ("versionOrder", "ledgerAmount", "driftPolicy", "onRefusedFile")
_CENTS = 2
# Ten billion of such amounts have a sum that is exact, on Arrow and in Python.
_MOST_LEDGER_DIGITS = 18


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Read every `*.odcs.yaml` of a folder, by dataset.

    Raises ConfigurationError with every fault of every file: file, place in the file, fault and fix.
    """
    contracts: dict[str, Contract] = {}
    unread: set[str] = set()
    faults: list[str] = []
    for file in sorted(folder.glob("*.y*ml")):
        dataset = file.name.removesuffix(_SUFFIX)
        try:
            contracts[dataset] = read_contract(file)
        except ConfigurationError as error:
            faults += error.faults
            unread.add(dataset)
    if not contracts and not faults:
        raise ConfigurationError(f"{folder}: no contract here; add a <dataset>{_SUFFIX}")
    faults += faults_together(contracts, unread, folder)
    if faults:
        raise ConfigurationError(*faults, dataset=next(iter(unread)) if len(unread) == 1 else None)
    return contracts


def read_contract(file: Path) -> Contract:
    """Read one contract. Raises ConfigurationError with every fault in it: file, place, fault and fix."""
    faults = Faults(file)
    contract = None
    if file.name.endswith(_SUFFIX):
        document = read_document(faults)
        contract = _contract(document, faults) if document else None
    else:
        faults.add("the file's name", f"must be <dataset>{_SUFFIX}, else nobody would read it")
    if contract is None or faults.found:
        raise ConfigurationError(*faults.found)
    return contract


def _contract(document: OpenDataContractStandard, faults: Faults) -> Contract | None:
    faults.choice("kind", document.kind, ("DataContract",))
    faults.choice("apiVersion", document.apiVersion, ("v3.1.0",))
    faults.custom(document.customProperties, "the document", ())
    source = read_source(document.servers, faults)
    schemas = document.schema_ or []
    if len(schemas) != 1 or not schemas[0].properties:
        faults.add("schema", "must hold exactly one table with properties")
        faults.hides("the table")
        return None
    schema, properties = schemas[0], schemas[0].properties
    faults.check_obeyed(schema, "schema[0]", _OBEYED)
    custom = faults.custom(schema.customProperties, "schema[0]", _CUSTOM)
    columns = read_columns(properties, faults)
    drift = custom.get("driftPolicy", "freeze")
    faults.choice("schema[0].customProperties.driftPolicy", drift, ("freeze", "evolve", "quarantine"))
    on_refused_file = custom.get("onRefusedFile", "continue")
    faults.choice("schema[0].customProperties.onRefusedFile", on_refused_file, ("continue", "stop"))
    read: dict[str, Any] = {
        "dataset": _dataset(schema, faults),
        "key": _key(properties, faults),
        "version_order": _version_order(properties, custom.get("versionOrder", []), faults),
        "ledger_amount": _ledger_amount(columns, properties, custom.get("ledgerAmount"), faults),
        "references": _references(properties, faults),
    }
    if source is None or faults.found:
        return None
    return Contract(
        file_format=source.file_format,
        file_pattern=source.file_pattern,
        dialect=source.dialect,
        columns=columns,
        drift=drift,
        on_refused_file=on_refused_file,
        **read,
    )


def _dataset(schema: SchemaObject, faults: Faults) -> str:
    dataset = faults.file.name.removesuffix(_SUFFIX)
    if schema.name != dataset:
        faults.add("schema[0].name", f"'{schema.name}' differs from the file's name; use '{dataset}'")
    elif not NAME.fullmatch(dataset) or dataset != dataset.lower():
        faults.add("schema[0].name", f"'{dataset}' must start with a letter, and hold small letters, digits and _ only")
    elif len(dataset) > LONGEST_NAME:
        faults.add("schema[0].name", f"'{dataset}' is longer than {LONGEST_NAME} characters; shorten it")
    return dataset


def _key(properties: list[SchemaProperty], faults: Faults) -> tuple[str, ...]:
    keys = [prop for prop in properties if prop.primaryKey]
    place = "schema[0].properties"
    if not keys or not all(prop.required for prop in keys):
        faults.add(place, "at least one required property must have primaryKey: true, and no other than required ones")
    positions = [prop.primaryKeyPosition or 0 for prop in keys]
    if len(set(positions)) < len(positions):
        faults.add(place, "several properties have primaryKey: true; give each a primaryKeyPosition of its own")
    for i, prop in enumerate(properties):
        if prop.primaryKeyPosition is not None and not prop.primaryKey:
            faults.add(f"{place}[{i}].primaryKeyPosition", "needs primaryKey: true")
    return tuple(str(prop.name) for prop in sorted(keys, key=lambda prop: prop.primaryKeyPosition or 0))


def _version_order(properties: list[SchemaProperty], names: Any, faults: Faults) -> tuple[str, ...]:  # noqa: ANN401
    place = "schema[0].customProperties.versionOrder"
    if not isinstance(names, list):
        faults.add(place, "must be a list of properties")
        return ()
    known = {prop.name for prop in properties}
    for i, name in enumerate(names):
        if name not in known:
            faults.add(place, f"'{name}' is not a property of this table")
        elif name in names[:i]:
            faults.add(place, f"'{name}' is there twice")
    return tuple(map(str, names))


def _ledger_amount(
    columns: tuple[Column, ...],
    properties: list[SchemaProperty],
    name: Any,  # noqa: ANN401 - whatever the YAML holds
    faults: Faults,
) -> str | None:
    # Of a column that could not be read the fault is told already.
    unread = {prop.name for prop in properties} - {column.name for column in columns}
    amounts = [c.name for c in columns if c.scale == _CENTS and (c.precision or 0) <= _MOST_LEDGER_DIGITS]
    if name is not None and name not in [*amounts, *unread]:
        fault = f"{name!r} is not a number with two decimals and {_MOST_LEDGER_DIGITS} digits at most"
        faults.add("schema[0].customProperties.ledgerAmount", fault)
    return None if name is None else str(name)


def _references(properties: list[SchemaProperty], faults: Faults) -> dict[str, tuple[str, str]]:
    references: dict[str, tuple[str, str]] = {}
    for i, prop in enumerate(properties):
        place = f"schema[0].properties[{i}].relationships"
        for relationship in prop.relationships or []:
            faults.check_obeyed(relationship, place, ("type", "to"))
            faults.choice(f"{place}.type", relationship.type or "foreignKey", ("foreignKey",))
            dataset, _, column = str(relationship.to).partition(".")
            if not column or isinstance(relationship.to, list):
                faults.add(place, "to: must read <dataset>.<column>")
        if len(prop.relationships or []) > 1:
            faults.add(place, "a column refers to one other column; keep one")
        elif prop.relationships:
            dataset, _, column = str(prop.relationships[0].to).partition(".")
            references[str(prop.name)] = (dataset, column)
    return references
