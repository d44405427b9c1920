"""Where a dataset's files lie and how they are written: the contract's server `raw`."""

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from open_data_contract_standard.model import Server

from batch_etl.contract import Dialect
from batch_etl.contracts.faults import Faults
from batch_etl.stores.source_bytes import ARCHIVES

# As paths.raw of config/pipeline.yaml has it.
_FOLDER = "data/raw"
_OBEYED = ("server", "type", "path", "format", "encoding", "delimiter", "customProperties")
# One byte a character, ASCII below 128: a delimiter is one byte wherever it stands, which no other family promises.
_ENCODINGS = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|cp437|cp85\d|koi8-[ru]")


@dataclass(frozen=True)
class Source:
    """Files of a dataset: their names as a glob, and how they are written."""

    file_pattern: str
    file_format: Literal["csv", "json"]
    dialect: Dialect


def read_source(servers: list[Server] | None, faults: Faults) -> Source | None:
    """Read the one server `raw`; None where there is none that could be read. Other servers are not ours."""
    found = [(f"servers[{i}]", server) for i, server in enumerate(servers or []) if server.server == "raw"]
    if len(found) != 1 or found[0][1].path is None:
        faults.add("servers", "needs exactly one with server: raw and a path such as data/raw/sales*.csv")
        return None
    place, raw = found[0]
    faults.check_obeyed(raw, place, _OBEYED)
    faults.choice(f"{place}.type", raw.type, ("local",))
    is_known = faults.choice(f"{place}.format", raw.format, ("csv", "json"))
    path = PurePosixPath(raw.path)
    if not path.name or set("[]{}\\") & set(path.name):
        faults.add(f"{place}.path", f"'{raw.path}' must end in a file's name; * and ? stand for other characters")
    elif str(path.parent) != _FOLDER:
        faults.add(f"{place}.path", f"'{raw.path}' lies where nobody looks; deliver to {_FOLDER}/{path.name}")
    elif path.suffix in ARCHIVES:
        fault = f"'{raw.path}' names archives, which are known by what they hold; leave {path.suffix} out"
        faults.add(f"{place}.path", fault)
    dialect = _json_dialect(raw, place, faults) if raw.format == "json" else _csv_dialect(raw, place, faults)
    return Source(path.name, raw.format, dialect) if is_known else None


def _json_dialect(raw: Server, place: str, faults: Faults) -> Dialect:
    if raw.delimiter is not None:
        faults.add(f"{place}.delimiter", "has no meaning for json; leave it out")
    if _encoding(raw.encoding) != "utf-8":
        faults.add(f"{place}.encoding", f"'{raw.encoding}' is not supported for json; use utf-8")
    faults.custom(raw.customProperties, place, ())
    return Dialect()


def _csv_dialect(raw: Server, place: str, faults: Faults) -> Dialect:
    encoding = _encoding(raw.encoding)
    if encoding is None:
        wanted = "utf-8, iso-8859-1 to iso-8859-16 or windows-1250 to windows-1258"
        faults.add(f"{place}.encoding", f"'{raw.encoding}' is not supported; use {wanted}")
    delimiter = "," if raw.delimiter is None else raw.delimiter
    if not _is_delimiter(delimiter):
        fault = f'{delimiter!r} must be one ASCII character, no letter, digit, quote, minus or line end; a tab is "\\t"'
        faults.add(f"{place}.delimiter", fault)
    custom = faults.custom(raw.customProperties, place, ("preambleLines", "decimalSeparator"))
    lines, separator = custom.get("preambleLines", 0), custom.get("decimalSeparator", ".")
    if type(lines) is not int or lines < 0:
        faults.add(f"{place}.customProperties.preambleLines", f"{lines!r} is not a number of lines")
    faults.choice(f"{place}.customProperties.decimalSeparator", separator, (".", ","))
    # Not checked again: where one of them has a fault, no contract comes of it.
    values: dict[str, Any] = {"encoding": encoding, "preamble_lines": lines, "decimal_separator": separator}
    return Dialect.model_construct(delimiter=delimiter, **values)


def _encoding(name: str | None) -> str | None:
    """Python's name of an encoding, None where it is not one that can be trusted to keep ASCII apart."""
    try:
        found = codecs.lookup(name or "utf-8").name
    except LookupError:
        return None
    return found if _ENCODINGS.fullmatch(found) else None


def _is_delimiter(text: str) -> bool:
    return len(text) == 1 and (text == "\t" or " " <= text <= "~") and not text.isalnum() and text not in '"-'
