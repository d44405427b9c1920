"""Quarantined records as files that people mend by hand and put back into data/raw.

<name>             the records, in the contract's dialect, every value exactly as it was delivered
reasons_of_<name>  a row a record: why it is in quarantine and where it came from; safe to open in a spreadsheet
"""

import csv
import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from batch_etl.contract import Contract
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.records.boundaries import Records
from batch_etl.records.csv_records import parse_csv

Row = tuple[str | None, ...]
# What a spreadsheet takes for the start of a formula (OWASP, CSV injection), the full-width forms too.
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_SIDECAR_HEADER = ("record_in_export", "reasons", "source_file", "record_number", "batch_id", "raw")


@dataclass(frozen=True)
class Export:
    """Files of a dataset. mendable: None where no record could be taken apart into columns."""

    dataset: str
    file_pattern: str
    mendable: Path | None
    reasons: Path
    mendable_records: int
    other_records: int


def export_records(
    portions: Iterable[Sequence[QuarantinedRecord]],
    contract: Contract,
    headers: Mapping[str, Sequence[str]],
    *,
    folder: Path,
    stamp: str,
) -> Export:
    """Write the records of one dataset into the folder.

    headers  batch_id -> columns of its file
    stamp    goes into the names: an export never replaces another
    """
    name = export_name(contract, stamp)
    mendable, reasons = folder / name, folder / f"reasons_of_{Path(name).stem}.csv"
    writer = _JsonLines(contract) if contract.file_format == "json" else _Csv(contract, headers)
    with _written_beside(mendable, contract.dialect.encoding) as file, _written_beside(reasons, "utf-8-sig") as sidecar:
        told = csv.writer(sidecar, quoting=csv.QUOTE_ALL)
        told.writerow(_SIDECAR_HEADER)
        writer.begin(file)
        places = 0
        others = 0
        for portion in portions:
            for record, is_written in zip(portion, writer.write(file, portion), strict=True):
                places, others = (places + 1, others) if is_written else (places, others + 1)
                told.writerow([_guarded(cell) for cell in _told(record, places if is_written else None)])
    if not places:
        mendable.unlink()
    return Export(contract.dataset, contract.file_pattern, mendable if places else None, reasons, places, others)


def export_name(contract: Contract, stamp: str) -> str:
    """A name that the contract matches, unless it has other wildcards: sales*.csv gives sales_mended_<stamp>.csv."""
    if set("?[") & set(contract.file_pattern) or "*" not in contract.file_pattern:
        return f"{contract.dataset}_mended_{stamp}{contract.suffix}"
    return contract.file_pattern.replace("*", f"_mended_{stamp}", 1).replace("*", "")


class _Csv:
    """RFC 4180, in the contract's dialect; under drift `evolve` with the columns that the contract does not know."""

    def __init__(self, contract: Contract, headers: Mapping[str, Sequence[str]]) -> None:
        self._dialect = contract.dialect
        self._headers = headers
        unknown = {name for header in headers.values() for name in header} - set(contract.column_names)
        self._names = (*contract.column_names, *(sorted(unknown) if contract.drift == "evolve" else ()))

    def begin(self, file: IO[str]) -> None:
        file.write("to be mended by hand\r\n" * self._dialect.preamble_lines)
        self._writer(file).writerow(self._names)

    def write(self, file: IO[str], portion: Sequence[QuarantinedRecord]) -> Iterator[bool]:
        """Write the records that have columns; tells of each whether it was written."""
        writer = self._writer(file)
        for row in self._rows(portion):
            is_writable = row is not None and _is_encodable(row, self._dialect.encoding)
            if row is not None and is_writable:
                writer.writerow(row)
            yield is_writable

    def _rows(self, portion: Sequence[QuarantinedRecord]) -> Iterator[Row | None]:
        header = self._headers.get(portion[0].batch_id)
        if header is None or len(set(header)) < len(header):
            yield from (None for _ in portion)
            return
        raws = Records.one_by_one(record.raw.encode("utf-8") for record in portion)
        table = parse_csv(raws, names=header, delimiter=self._dialect.delimiter)
        for row in table.to_pylist():
            yield tuple(row.get(name) for name in self._names) if row["_fault"] is None else None

    def _writer(self, file: IO[str]):  # type: ignore[no-untyped-def]  # noqa: ANN202 - csv does not name its class
        # Both characters of the line end make a value be quoted.
        return csv.writer(file, delimiter=self._dialect.delimiter, lineterminator="\r\n")


class _JsonLines:
    """Each document as it was delivered, on one line."""

    def __init__(self, contract: Contract) -> None:
        self._encoding = contract.dialect.encoding

    def begin(self, file: IO[str]) -> None:
        """JSON lines have no header."""

    def write(self, file: IO[str], portion: Sequence[QuarantinedRecord]) -> Iterator[bool]:
        for record in portion:
            is_writable = _is_document(record.raw) and _is_encodable((record.raw,), self._encoding)
            if is_writable:
                # A line end cannot stand inside a JSON string: between values a blank means the same.
                file.write(re.sub(r"[\r\n]", " ", record.raw) + "\n")
            yield is_writable


def _told(record: QuarantinedRecord, place: int | None) -> tuple[str, ...]:
    reasons = "\n".join(record.reasons)
    raw = "" if place else record.raw
    return (str(place or ""), reasons, record.source_file, str(record.record_number), record.batch_id, raw)


def _guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe goes before one that could be."""
    return f"'{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def _is_encodable(row: Row, encoding: str) -> bool:
    try:
        "".join(filter(None, row)).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _is_document(raw: str) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False


@contextmanager
def _written_beside(file: Path, encoding: str) -> Iterator[IO[str]]:
    """A file that its owner alone may read, for it may hold personal data; it has its name when it is whole."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.parent / f".{uuid.uuid4().hex}"
    with ExitStack() as undo:
        undo.callback(beside.unlink, missing_ok=True)
        beside.touch(mode=0o600)
        with beside.open("w", encoding=encoding, newline="") as opened:
            yield opened
        beside.rename(file)
