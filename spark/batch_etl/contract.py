"""Data contracts (Open Data Contract Standard v3.1) as the typed objects that every stage works with."""

import hashlib
import re
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaObject, SchemaProperty
from pydantic import BaseModel, ConfigDict, ValidationError

from batch_etl.errors import ConfigurationError

Kind = Literal["text", "integer", "decimal", "date", "timestamp", "boolean"]

_KINDS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "decimal",
    "date": "date",
    "timestamp": "timestamp",
    "boolean": "boolean",
}
_FORMATS = {"date": "yyyy-MM-dd", "timestamp": "yyyy-MM-dd'T'HH:mm:ss'Z'"}
_DECIMAL = re.compile(r"(?:numeric|decimal)\((\d+),\s*(\d+)\)")
_SUFFIXES = {"csv": ".csv", "json": ".json"}


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Column(_Frozen):
    """One column of a dataset and every rule about its values.

    minimum, maximum  as written in the contract: reasons repeat them to the letter
    precision, scale  of a decimal, else None
    """

    name: str
    kind: Kind
    physical_type: str
    description: str
    is_required: bool = False
    is_personal: bool = False
    precision: int | None = None
    scale: int | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: str | None = None
    maximum: str | None = None
    allowed_values: tuple[str, ...] = ()


class Contract(_Frozen):
    """What a dataset promises.

    key            columns that tell one record from another
    version_order  columns by which the later of two versions of a key is known
    ledger_amount  the column whose cents the ledger follows, or None
    references     column -> (dataset, column) that it points at
    """

    dataset: str
    file_format: Literal["csv", "json"]
    file_pattern: str
    delimiter: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    version_order: tuple[str, ...]
    ledger_amount: str | None
    references: dict[str, tuple[str, str]]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def fingerprint(self) -> str:
        """Changes when a rule changes, so that every batch is judged again by today's contract."""
        return hashlib.sha256(self.model_dump_json(exclude={"file_pattern"}).encode()).hexdigest()[:16]

    @property
    def suffix(self) -> str:
        return _SUFFIXES[self.file_format]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def matches(self, file_name: str) -> bool:
        """Whether a file of this name holds records of this dataset."""
        return fnmatch(file_name, self.file_pattern)


def read_contracts(folder: Path) -> dict[str, Contract]:
    """Read every `*.odcs.yaml` of a folder, by dataset.

    Raises ConfigurationError that names file, place in the file, fault and fix.
    """
    contracts = [read_contract(file) for file in sorted(folder.glob("*.odcs.yaml"))]
    if not contracts:
        raise ConfigurationError(f"{folder}: no contract here; add a <dataset>.odcs.yaml")
    return {contract.dataset: contract for contract in contracts}


def read_contract(file: Path) -> Contract:
    """Read one contract. Raises ConfigurationError that names file, place, fault and fix."""
    try:
        document = OpenDataContractStandard.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{file}: not YAML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ConfigurationError(f"{file}: {faults}") from None
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
        columns = tuple(self._column(f"schema[0].properties[{i}]", p) for i, p in enumerate(properties))
        file_format, pattern, delimiter = self._source()
        names = {column.name for column in columns}
        return Contract(
            dataset=self._dataset(schema),
            file_format=file_format,
            file_pattern=pattern,
            delimiter=delimiter,
            columns=columns,
            key=self._key(properties),
            version_order=self._known_columns(names, "versionOrder", _custom(schema, "versionOrder") or []),
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

    def _column(self, place: str, prop: SchemaProperty) -> Column:
        options = dict(prop.logicalTypeOptions or {})
        kind = _KINDS.get(prop.logicalType or "")
        if not prop.name or not prop.physicalType:
            raise self.fail(place, "needs a name and a physicalType")
        if kind is None:
            raise self.fail(f"{place}.logicalType", f"'{prop.logicalType}' is not supported; use {', '.join(_KINDS)}")
        if kind in _FORMATS and options.pop("format", None) != _FORMATS[kind]:
            raise self.fail(f"{place}.logicalTypeOptions.format", f"must be {_FORMATS[kind]}")
        precision, scale = self._decimal(place, prop.physicalType) if kind == "decimal" else (None, None)
        column = Column(
            name=prop.name,
            kind=kind,
            physical_type=prop.physicalType,
            description=prop.description or "",
            is_required=bool(prop.required),
            is_personal=prop.classification == "restricted",
            precision=precision,
            scale=scale,
            pattern=self._pattern(place, options.pop("pattern", None)),
            min_length=options.pop("minLength", None),
            max_length=options.pop("maxLength", None),
            minimum=_text(options.pop("minimum", None)),
            maximum=_text(options.pop("maximum", None)),
            allowed_values=self._allowed_values(place, prop),
        )
        if options:
            raise self.fail(f"{place}.logicalTypeOptions", f"{', '.join(options)}: not supported")
        return column

    def _decimal(self, place: str, physical_type: str) -> tuple[int, int]:
        match = _DECIMAL.fullmatch(physical_type)
        if not match:
            raise self.fail(f"{place}.physicalType", f"'{physical_type}' must say its digits, such as numeric(12,2)")
        return int(match[1]), int(match[2])

    def _pattern(self, place: str, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise self.fail(f"{place}.logicalTypeOptions.pattern", f"{pattern!r}: {error}") from None
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

    def _known_columns(self, names: set[str], what: str, wanted: list[str]) -> tuple[str, ...]:
        for name in wanted:
            if name not in names:
                raise self.fail(f"schema[0].customProperties.{what}", f"'{name}' is not a property of this table")
        return tuple(wanted)

    def _ledger_amount(self, columns: tuple[Column, ...], name: str | None) -> str | None:
        if name is not None and name not in {column.name for column in columns if column.scale == 2}:  # noqa: PLR2004
            raise self.fail("schema[0].customProperties.ledgerAmount", f"'{name}' is not a number with two decimals")
        return name

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


def _text(value: object) -> str | None:
    return None if value is None else str(value)
