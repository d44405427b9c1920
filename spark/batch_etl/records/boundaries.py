"""Where one record ends and the next begins."""

import re

_LINE_ENDS = (b"", b"\r")
# Up to the quote that closes a field: a doubled quote stands for one in the text (RFC 4180).
_CLOSING = re.compile(rb'(?:[^"]|"")*+"')


class RecordTooLong(ValueError):
    """A record outgrows the limit: most often a quote that is opened and never closed."""


class RecordSplitter:
    """Cuts a stream of bytes into records without their line end; an empty line is no record.

    With a delimiter, a line end inside a quoted field belongs to the record (RFC 4180). A quote opens a field only at
    its start, so a stray one spoils its own record and not its neighbours.

    consumed  bytes up to the end of the last record handed out: where a reader may start again
    """

    def __init__(self, delimiter: str | None, max_record_bytes: int = 64 * 1024 * 1024) -> None:
        self._opening = re.compile(rb'(?:^|%s)"' % re.escape(delimiter.encode())) if delimiter else None
        self._max_record_bytes = max_record_bytes
        self._pending: list[bytes] = []
        self._tail = b""
        self._fed = 0

    @property
    def consumed(self) -> int:
        return self._fed - len(self._tail) - self._pending_bytes()

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take more bytes; return the records that are complete now. Raises RecordTooLong."""
        self._fed += len(chunk)
        head, line_end, tail = (self._tail + chunk).rpartition(b"\n")
        self._tail = tail
        records = self._join_lines(head.split(b"\n")) if line_end else []
        # Whole records too: whether one is too long must not depend on where the chunks happen to end.
        longest = max(map(len, records), default=0)
        if max(longest, len(tail) + self._pending_bytes()) > self._max_record_bytes:
            raise RecordTooLong
        return records

    def finish(self) -> list[bytes]:
        """Return what is left at the end of the file, also where its last line end is missing."""
        records = self._join_lines([self._tail])
        if self._pending:
            records.append(b"\n".join(self._pending))
        self._tail, self._pending = b"", []
        return records

    def _pending_bytes(self) -> int:
        return sum(len(line) + 1 for line in self._pending)

    def _join_lines(self, lines: list[bytes]) -> list[bytes]:
        records: list[bytes] = []
        for line in lines:
            if self._ends_inside_quotes(line, inside=bool(self._pending)):
                self._pending.append(line)
            elif self._pending:
                records.append(b"\n".join([*self._pending, line]))
                self._pending = []
            elif line not in _LINE_ENDS:
                records.append(line)
        return records

    def _ends_inside_quotes(self, line: bytes, *, inside: bool) -> bool:
        if self._opening is None or b'"' not in line:
            return inside
        position = 0
        while True:
            if inside:
                closing = _CLOSING.match(line, position)
                if closing is None:
                    return True
                position = closing.end()
            opening = self._opening.search(line, position)
            if opening is None:
                return False
            position, inside = opening.end(), True
