"""What one pass over a source file finds: its records, where to cut it, and whether it can be trusted."""

import codecs
from collections.abc import Callable
from dataclasses import dataclass

from batch_etl.contract import Contract
from batch_etl.errors import SourceFileRefused
from batch_etl.records.array_elements import ArraySplitter
from batch_etl.records.boundaries import (
    MAX_RECORD_BYTES,
    MAX_UNCLOSED,
    NeverClosed,
    Records,
    RecordSplitter,
    first_record,
)
from batch_etl.records.header import Header, judge_header, listed

_UTF_8 = "UTF-8 text; save it as {encoding}, or let its contract say utf-8"
_MAGIC = {
    b"\x1f\x8b": "gzip data; name it .gz, or deliver it plain",
    b"\x28\xb5\x2f\xfd": "zstd data; name it .zst, or deliver it plain",
    b"PK\x03\x04": "a zip archive; deliver what is in it",
    b"PAR1": "Parquet; deliver {file_format}",
    codecs.BOM_UTF8: _UTF_8,
    b"\xff\xfe": "UTF-16 text; save it as {encoding}",
    b"\xfe\xff": "UTF-16 text; save it as {encoding}",
}


@dataclass(frozen=True)
class Split:
    """A run of whole records that one task reads: bytes from offset on, the first record's number."""

    offset: int
    length: int
    first_record_number: int


class Survey:
    """Counts the records of a file, cuts it into splits and refuses what cannot be trusted, chunk by chunk.

    header    for CSV the columns in the order of the file; for JSON those of the contract
    is_array  whether the documents are elements of a JSON array
    """

    def __init__(self, name: str, contract: Contract, split_bytes: int) -> None:
        self.records = 0
        self.header = Header(contract.column_names)
        self.is_array = False
        self.splits: list[Split] = []
        self._name = name
        self._contract = contract
        self._split_bytes = split_bytes
        self._encoding = contract.dialect.encoding
        self._decoder = codecs.getincrementaldecoder(self._encoding)()
        # Most encodings have a character for every byte: ü of UTF-8 would be Ã¼. None where the text is no UTF-8.
        self._utf_8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self._is_ascii = True
        # Until it is known where the records start.
        self._head = b""
        self._is_started = False
        self._splitter: RecordSplitter | ArraySplitter = RecordSplitter(None)
        self._skipped_bytes = 0
        self._split_start = 0
        self._split_first_record = 1

    def feed(self, chunk: bytes) -> None:
        """Take more bytes. Raises SourceFileRefused with the reason and the fix."""
        if not self._head and not self._is_started:
            self._check_magic(chunk)
        self._check_text(chunk)
        self._take(chunk, is_last=False)

    def require_encoding(self) -> None:
        """Raise where the file holds what only UTF-8 writes so, though its contract says something else."""
        if self._encoding != "utf-8" and self._utf_8 is not None and not self._is_ascii:
            raise self._refusal(f"holds {_UTF_8.format(encoding=self._encoding.upper())}")

    def finish(self) -> None:
        """Take note that the file ends here. Raises as feed."""
        if not self._head and not self._is_started:
            raise self._refusal("empty; deliver it again")
        self._check_text(b"", is_last=True)
        self._take(b"", is_last=True)
        self._count(self._splitter.finish)
        if isinstance(self._splitter, ArraySplitter) and self._splitter.fault:
            raise self._refusal(f"its array {self._splitter.fault}; mend it, or deliver one document a line")
        self._close_split()

    def _check_magic(self, start: bytes) -> None:
        for magic, what in _MAGIC.items():
            if start.startswith(magic) and not (magic == codecs.BOM_UTF8 and self._encoding == "utf-8"):
                told = what.format(file_format=self._contract.file_format, encoding=self._encoding.upper())
                raise self._refusal(f"holds {told}")

    def _check_text(self, chunk: bytes, *, is_last: bool = False) -> None:
        if b"\0" in chunk:
            raise self._refusal(f"holds a NUL byte after record {self.records}; it is cut or binary, deliver it again")
        try:
            self._decoder.decode(chunk, is_last)
        except UnicodeDecodeError:
            name = self._encoding.upper()
            raise self._refusal(f"not {name} somewhere after record {self.records}; save it as {name}") from None
        self._is_ascii = self._is_ascii and chunk.isascii()
        if self._utf_8 is not None and self._encoding != "utf-8":
            try:
                self._utf_8.decode(chunk, is_last)
            except UnicodeDecodeError:
                self._utf_8 = None

    def _take(self, chunk: bytes, *, is_last: bool) -> None:
        if not self._is_started:
            self._head += chunk
            start = self._find_start(self._head, is_last=is_last)
            if start is None:
                return
            self._is_started = True
            chunk, self._head = self._head[start:], b""
            self._skipped_bytes = self._split_start = start
        self._count(self._splitter.feed, chunk)
        if self._position() - self._split_start >= self._split_bytes:
            self._close_split()

    def _count(self, cut: Callable[..., Records], *chunk: bytes) -> None:
        try:
            self.records += len(cut(*chunk))
        except NeverClosed:
            fault = f"holds more than {MAX_UNCLOSED} quotes that are never closed; is it quoted in another way?"
            raise self._refusal(fault) from None

    def _find_start(self, head: bytes, *, is_last: bool) -> int | None:
        """Where the first record starts, behind byte order mark, preamble and header; None where it has not come."""
        has_mark = self._encoding == "utf-8" and head.startswith(codecs.BOM_UTF8)
        position = len(codecs.BOM_UTF8) if has_mark else 0
        for _ in range(self._contract.dialect.preamble_lines):
            line_end = head.find(b"\n", position)
            if line_end < 0:
                preamble = self._contract.dialect.preamble_lines
                self._wait(f"ends before its {preamble} lines of preamble do; deliver it whole", is_last=is_last)
                return None
            position = line_end + 1
        if self._contract.file_format == "csv":
            return self._start_of_csv(head, position, is_last=is_last)
        return self._start_of_json(head, position, is_last=is_last)

    def _start_of_csv(self, head: bytes, position: int, *, is_last: bool) -> int | None:
        dialect = self._contract.dialect
        delimiter = dialect.delimiter.encode()
        found = first_record(head[position:], delimiter, is_last=is_last)
        names = listed(self._contract.column_names)
        if found is None:
            self._wait(f"holds no header; its first record must name {names}", is_last=is_last)
            return None
        record, end = found
        self.header = judge_header(record.decode(self._encoding), self._contract)
        if self.header.is_refused:
            raise self._refusal(f"{self.header.fault}; it must name {names}, in any order")
        self._splitter = RecordSplitter(delimiter)
        return position + end

    def _start_of_json(self, head: bytes, position: int, *, is_last: bool) -> int | None:
        text = head[position:].lstrip(b" \t\r\n")
        self.is_array = text.startswith(b"[")
        if self.is_array:
            self._splitter = ArraySplitter()
            return len(head) - len(text) + 1
        # A document that was printed for people to read: none of its lines is one.
        line, line_end, _ = text.partition(b"\n")
        if line.strip() == b"{" and line_end:
            raise self._refusal("its first document spans lines; deliver one document a line, or an array of documents")
        is_known = line_end or line.strip() not in (b"", b"{") or len(head) > MAX_RECORD_BYTES
        return position if is_known or is_last else None

    def _wait(self, reason: str, *, is_last: bool) -> None:
        """For more bytes, if there are any, and not for ever."""
        if is_last or len(self._head) > 2 * MAX_RECORD_BYTES:
            raise self._refusal(reason)

    def _position(self) -> int:
        return self._skipped_bytes + self._splitter.consumed

    def _close_split(self) -> None:
        """End the split where the next record starts."""
        if self.records >= self._split_first_record:
            length = self._position() - self._split_start
            self.splits.append(Split(self._split_start, length, self._split_first_record))
            self._split_start, self._split_first_record = self._position(), self.records + 1

    def _refusal(self, reason: str) -> SourceFileRefused:
        return SourceFileRefused(f"{self._name}: {reason}")
