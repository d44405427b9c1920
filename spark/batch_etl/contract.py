"""Data contracts as the typed objects that every stage works with; contracts/reader.py makes them."""

import hashlib
from collections.abc import Iterable
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

Kind = Literal["text", "integer", "decimal", "date", "timestamp", "boolean"]
# What a column's values go through before they are judged.
Normalisation = Literal["trim", "collapse_blanks", "upper", "lower", "nfc"]

_SUFFIXES = {"csv": ".csv", "json": ".json"}
_PACKAGE = Path(__file__).parent
# The code that takes files apart, and the code that judges records.
_READING = ("records/*.py", "stores/survey.py", "stores/source_reader.py")
_JUDGING = (
    *("transforms/judge.py", "transforms/values.py", "transforms/duplicates.py", "transforms/versions.py"),
    *("transforms/ledger.py", "stores/judging.py"),
)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Dialect(_Frozen):
    """How a source file is written.

    encoding        a superset of ASCII, by Python's name
    preamble_lines  lines above the header that belong to nobody
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    preamble_lines: int = 0
    decimal_separator: Literal[".", ","] = "."


class Column(_Frozen):
    """One column of a dataset and every rule about its values.

    time_format       of a date or timestamp, in the letters of java.time: yyyy MM dd HH mm ss
    normalisations    in the order in which they are done
    warns_only        the allowed values are told about, and quarantine nothing
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
    warns_only: bool = False
    time_format: str | None = None
    normalisations: tuple[Normalisation, ...] = ()

    @property
    def is_written_as_text(self) -> bool:
        """Whether JSON must write its values as strings."""
        return self.kind in ("text", "date", "timestamp")


class Contract(_Frozen):
    """What a dataset promises.

    drift            what happens where a file's columns are not the contract's: the file is refused (freeze), unknown
                     columns are kept aside and optional ones may lack (evolve), or its records are quarantined
    on_refused_file  whether a run goes on without a file that cannot be trusted, or ends there
    key              columns that tell one record from another
    version_order    columns by which the later of two versions of a key is known
    ledger_amount    the column whose cents the ledger follows, or None
    references       column -> (dataset, column) that it points at
    """

    dataset: str
    file_format: Literal["csv", "json"]
    file_pattern: str
    dialect: Dialect = Dialect()
    drift: Literal["evolve", "freeze", "quarantine"] = "freeze"
    on_refused_file: Literal["continue", "stop"] = "continue"
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    version_order: tuple[str, ...]
    ledger_amount: str | None
    references: dict[str, tuple[str, str]]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def has_persons(self) -> bool:
        return any(column.is_personal for column in self.columns)

    @property
    def fingerprint(self) -> str:
        """Changes when a rule changes or the code that judges: then every batch is judged again."""
        rules = self.model_dump_json(
            exclude={"file_pattern": True, "on_refused_file": True, "columns": {"__all__": {"description"}}}
        )
        return _fingerprint(rules, (*_READING, *_JUDGING))

    @property
    def reading_fingerprint(self) -> str:
        """Changes when files have to be taken apart in another way, so that every batch is read again."""
        columns = [(column.name, column.is_required, column.is_written_as_text) for column in self.columns]
        dialect = self.dialect.model_dump(exclude={"decimal_separator"})
        return _fingerprint(repr((self.file_format, dialect, self.drift, columns, self.has_persons)), _READING)

    @property
    def suffix(self) -> str:
        return _SUFFIXES[self.file_format]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def matches(self, file_name: str) -> bool:
        """Whether a file of this name holds records of this dataset."""
        return fnmatch(file_name, self.file_pattern)


def _fingerprint(rules: str, code: Iterable[str]) -> str:
    return hashlib.sha256(rules.encode() + b"".join(_digest_of(_PACKAGE, pattern) for pattern in code)).hexdigest()[:16]


@cache
def _digest_of(package: Path, pattern: str) -> bytes:
    """Of the modules of a package that the pattern names."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(package.glob(pattern)))).digest()
