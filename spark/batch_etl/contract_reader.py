"""Reads data contracts (Open Data Contract Standard v3.1); what the pipeline could not keep is refused here."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty
from pydantic import ValidationError

from batch_etl.contract import Column, Contract, Dialect, Kind
from batch_etl.errors import ConfigurationError

_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "decimal",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
_FORMATS = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd'T'HH:mm:ss'Z'"}
_PARSED_FORMATS = {"date": "%Y-%m-%d", "timestamp": "%Y-%m-%dT%H:%M:%SZ"}
_INTEGER_BITS = {"smallint": 16, "integer": 32, "bigint": 64}
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"(?:numeric|decimal)\((\d+),\s*(\d+)\)")


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Read every `*.odcs.yaml` of a folder, by dataset.

    Raises ConfigurationError that names file, place in the file, fault and fix.
    """
    contracts = {contract.dataset: contract for contract in map(read_contract, sorted(folder.glob("*.odcs.yaml")))}
    if not contracts:
        raise ConfigurationError(f"{folder}: no contract here; add a <dataset>.odcs.yaml")
    for contract in contracts.values():
        for column, (dataset, target) in contract.references.items():
            if dataset not in contracts or target not in contracts[dataset].column_names:
                raise ConfigurationError(
                    f"{folder}: {contract.dataset}: {column} refers to {dataset}.{target}, which no contract has"
                )
    return contracts


def read_contract(file: Path) -> Contract:
    """Read one contract. Raises ConfigurationError that names file, place, fault and fix."""
    try:
        document = OpenDataContractStandard.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc'])) or 'the document'}: {e['msg']}" for e in error.errors()]
        raise ConfigurationError(f"{file}: {'; '.join(faults)}") from None
    # ValueError: of a date such as 2025-02-30, or of bytes that are not UTF-8.
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{file}: not YAML: {error}") from None
    return _Reader(file, document).contract()


class _Reader:
    """Turns a document of the standard into a Contract; every fault is raised with its place."""

    def __init__(self, file: Path, document: OpenDataContractStandard) -> None:
        self.file = file
        self.document = document

    def fail(self, place: str, fault: str) -> ConfigurationError:
        return ConfigurationError(f"{self.file}: {place}: {fault}")

    def contract(self) -> Contract:
        schema = self._schema()
        properties = schema.properties or []
        columns = self._columns(properties)
        file_format, pattern, delimiter = self._source()
        return Contract(
            dataset=self._dataset(schema),
            file_format=file_format,
            file_pattern=pattern,
            dialect=Dialect(delimiter=delimiter),
            columns=columns,
            key=self._key(properties),
            version_order=self._version_order(columns, _custom(schema, "versionOrder")),
            ledger_amount=self._ledger_amount(columns, _custom(schema, "ledgerAmount")),
            references=self._references(properties),
        )

    def _schema(self) -> SchemaObject:
        schemas = self.document.schema_ or []
        if len(schemas) != 1 or not schemas[0].properties:
            raise self.fail("schema", "must hold exactly one table with properties")
        return schemas[0]

    def _dataset(self, schema: SchemaObject) -> str:
        expected = self.file.name.removesuffix(".odcs.yaml")
        if schema.name != expected:
            raise self.fail("schema[0].name", f"'{schema.name}' differs from the file's name; use '{expected}'")
        return expected

    def _source(self) -> tuple[Literal["csv", "json"], str, str]:
        servers = self.document.servers or []
        raw = next((server for server in servers if server.server == "raw"), None)
        if raw is None or raw.path is None:
            raise self.fail("servers", "needs one with server: raw and a path such as data/raw/sales*.csv")
        if raw.format not in ("csv", "json"):
            raise self.fail("servers.raw.format", f"'{raw.format}' is not supported; use csv or json")
        if (raw.encoding or "utf-8").lower() != "utf-8":
            raise self.fail("servers.raw.encoding", f"'{raw.encoding}' is not supported; use utf-8")
        delimiter = raw.delimiter or ","
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise self.fail("servers.raw.delimiter", f"{delimiter!r} must be one character, no quote and no line end")
        return raw.format, Path(raw.path).name, delimiter

    def _columns(self, properties: list[SchemaProperty]) -> tuple[Column, ...]:
        columns: dict[str, Column] = {}
        for i, prop in enumerate(properties):
            place = f"schema[0].properties[{i}]"
            column = self._column(place, prop)
            if column.name in columns:
                raise self.fail(f"{place}.name", f"'{column.name}' is there twice")
            columns[column.name] = column
        return tuple(columns.values())

    def _column(self, place: str, prop: SchemaProperty) -> Column:
        if not prop.name or not prop.physicalType:
            raise self.fail(place, "needs a name and a physicalType")
        kind = _KINDS.get(prop.logicalType or "")
        if kind is None:
            raise self.fail(f"{place}.logicalType", f"'{prop.logicalType}' is not supported; use {', '.join(_KINDS)}")
        if kind == "integer" and prop.physicalType not in _INTEGER_BITS:
            fault = f"'{prop.physicalType}' is not supported; use {', '.join(_INTEGER_BITS)}"
            raise self.fail(f"{place}.physicalType", fault)
        precision, scale = self._decimal(place, prop.physicalType) if kind == "decimal" else (None, None)
        unbounded = Column(
            name=prop.name,
            kind=kind,
            physical_type=prop.physicalType,
            description=prop.description or "",
            is_required=bool(prop.required),
            is_personal=prop.classification == "restricted",
            precision=precision,
            scale=scale,
            time_format=_FORMATS.get(kind),
            allowed_values=self._allowed_values(place, prop),
        )
        return self._bounded(f"{place}.logicalTypeOptions", unbounded, dict(prop.logicalTypeOptions or {}))

    def _bounded(self, place: str, column: Column, options: dict[str, Any]) -> Column:
        if column.kind in _FORMATS and options.pop("format", None) != _FORMATS[column.kind]:
            raise self.fail(f"{place}.format", f"must be {_FORMATS[column.kind]}")
        bounds = {
            "pattern": self._pattern(place, options.pop("pattern", None)),
            "min_length": self._length(f"{place}.minLength", options.pop("minLength", None)),
            "max_length": self._length(f"{place}.maxLength", options.pop("maxLength", None)),
            "minimum": self._limit(f"{place}.minimum", column, options.pop("minimum", None)),
            "maximum": self._limit(f"{place}.maximum", column, options.pop("maximum", None)),
        }
        if options:
            raise self.fail(place, f"{', '.join(options)}: not supported")
        return column.model_copy(update=bounds)

    def _length(self, place: str, length: object) -> int | None:
        if length is not None and type(length) is not int:
            raise self.fail(place, f"'{length}' is not a whole number")
        return length

    def _limit(self, place: str, column: Column, limit: object) -> str | None:
        """A limit as it is written. One that is no value of its column would fail the job that judges by it."""
        if limit is None:
            return None
        if column.kind in ("text", "boolean"):
            raise self.fail(place, f"not supported for {column.kind}")
        if not _is_value(str(limit), column):
            article = "an" if column.kind == "integer" else "a"
            wanted = column.physical_type if column.kind == "decimal" else column.kind
            raise self.fail(place, f"'{limit}' is not {article} {wanted}")
        return str(limit)

    def _decimal(self, place: str, physical_type: str) -> tuple[int, int]:
        match = _DECIMAL.fullmatch(physical_type)
        if not match or int(match[1]) <= int(match[2]):
            raise self.fail(f"{place}.physicalType", f"'{physical_type}' must say its digits, such as numeric(12,2)")
        return int(match[1]), int(match[2])

    def _pattern(self, place: str, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise self.fail(f"{place}.pattern", f"{pattern!r}: {error}") from None
        return pattern

    def _allowed_values(self, place: str, prop: SchemaProperty) -> tuple[str, ...]:
        allowed: tuple[str, ...] = ()
        for i, rule in enumerate(prop.quality or []):
            values = (rule.arguments or {}).get("validValues")
            if rule.metric != "invalidValues" or rule.mustBe != 0 or not values:
                raise self.fail(f"{place}.quality[{i}]", "only invalidValues with validValues, mustBe: 0 is supported")
            allowed = tuple(str(value) for value in values)
        return allowed

    def _key(self, properties: list[SchemaProperty]) -> tuple[str, ...]:
        keys = sorted((p for p in properties if p.primaryKey), key=lambda p: p.primaryKeyPosition or 0)
        if not keys or not all(p.required for p in keys):
            raise self.fail("schema[0].properties", "at least one required property must have primaryKey: true")
        return tuple(str(p.name) for p in keys)

    def _version_order(self, columns: tuple[Column, ...], names: Any) -> tuple[str, ...]:  # noqa: ANN401 - as _custom
        place = "schema[0].customProperties.versionOrder"
        if names is not None and not isinstance(names, list):
            raise self.fail(place, "must be a list of properties")
        known = {column.name for column in columns}
        for name in names or []:
            if name not in known:
                raise self.fail(place, f"'{name}' is not a property of this table")
        return tuple(names or ())

    def _ledger_amount(self, columns: tuple[Column, ...], name: Any) -> str | None:  # noqa: ANN401 - as _custom
        if name is not None and name not in [column.name for column in columns if column.scale == 2]:  # noqa: PLR2004
            raise self.fail("schema[0].customProperties.ledgerAmount", f"{name!r} is not a number with two decimals")
        return None if name is None else str(name)

    def _references(self, properties: list[SchemaProperty]) -> dict[str, tuple[str, str]]:
        references: dict[str, tuple[str, str]] = {}
        for i, prop in enumerate(properties):
            for relationship in prop.relationships or []:
                dataset, _, column = str(relationship.to).partition(".")
                if not column:
                    raise self.fail(f"schema[0].properties[{i}].relationships", "to: must read <dataset>.<column>")
                references[str(prop.name)] = (dataset, column)
        return references


def _custom(schema: SchemaObject, name: str) -> Any:  # noqa: ANN401 - the standard leaves the type open
    return next((p.value for p in schema.customProperties or [] if p.property == name), None)


def _is_value(text: str, column: Column) -> bool:
    if column.kind == "integer":
        bound = 2 ** (_INTEGER_BITS[column.physical_type] - 1)
        return bool(_INTEGER.fullmatch(text)) and -bound <= int(text) < bound
    if column.kind == "decimal":
        whole = (column.precision or 0) - (column.scale or 0)
        return bool(re.fullmatch(rf"-?[0-9]{{1,{whole}}}(\.[0-9]{{1,{column.scale}}})?", text))
    try:
        parsed = datetime.strptime(text, _PARSED_FORMATS[column.kind])  # noqa: DTZ007 - all times are UTC
    except ValueError:
        return False
    # strptime also takes 2025-1-1.
    return parsed.strftime(_PARSED_FORMATS[column.kind]) == text
