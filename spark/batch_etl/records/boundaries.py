"""Where one record ends and the next begins."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

MAX_RECORD_BYTES = 8 * 1024 * 1024
TOO_LONG = f"record: longer than {MAX_RECORD_BYTES} bytes"
MAX_UNCLOSED = 1000
_LINE_ENDS = (b"", b"\r")


class NeverClosed(ValueError):
    """Quote after quote opens a field and is not closed."""


@dataclass(frozen=True)
class Records:
    """Records in the order of their file, without their line feed.

    lines   those that hold no quote, with line feeds, as they stand in the file; an empty line is no record
    others  place -> record: those that hold one, or are too long
    cut     places of those that are too long and therefore not whole
    """

    lines: bytes = b""
    others: Mapping[int, bytes] = field(default_factory=dict)
    cut: frozenset[int] = frozenset()

    @classmethod
    def one_by_one(cls, records: Iterable[bytes]) -> "Records":
        """Records that somebody has cut already."""
        return cls(b"", dict(enumerate(records)))

    def __len__(self) -> int:
        return count_lines(self.lines) + len(self.others)

    def __iter__(self) -> Iterator[bytes]:
        lines = (line for line in self.lines.split(b"\n") if line not in _LINE_ENDS)
        if not self.others:
            yield from lines
        else:
            yield from (self.others[place] if place in self.others else next(lines) for place in range(len(self)))

    def as_utf8(self, encoding: str) -> "Records":
        """The same records in UTF-8."""
        if encoding == "utf-8":
            return self
        others = {place: record.decode(encoding).encode() for place, record in self.others.items()}
        return Records(self.lines.decode(encoding).encode(), others, self.cut)


def count_lines(text: bytes) -> int:
    """Count the lines that are not empty."""
    # Only these can be the start of an empty line; without them counting is a matter of memory speed.
    if text.startswith((b"\n", b"\r")) or b"\n\n" in text or b"\n\r" in text:
        return sum(line not in _LINE_ENDS for line in text.split(b"\n"))
    return text.count(b"\n") + (not text.endswith(b"\n") and text != b"")


class RecordSplitter:
    """Cuts a stream of bytes into records; an empty line is no record.

    With a delimiter, a line end inside a quoted field belongs to the record (RFC 4180). A quote opens a field only at
    its start, so a stray one spoils its own record and not its neighbours. A quote that opens a field and is not closed
    before the record is too long, or the file ends, opens nothing: its line is a record, and so is each one after it.
    A line that is too long is cut to what is allowed.

    consumed  bytes up to the end of the last record handed out: where a reader may start again

    Raises NeverClosed where such quotes are too many: each of them costs a look at as much text as a record may hold.
    """

    def __init__(self, delimiter: bytes | None, max_record_bytes: int = MAX_RECORD_BYTES) -> None:
        self._record = None if delimiter is None else _record_pattern(delimiter)
        self._longest = max_record_bytes
        self._unclosed = 0
        self._tail = b""
        # Of a line that is too long, more than what stands in _tail.
        self._dropped: int | None = None
        self._fed = 0

    @property
    def consumed(self) -> int:
        return self._fed - len(self._tail) - (self._dropped or 0)

    def feed(self, chunk: bytes) -> Records:
        """Take more bytes; return the records that are complete now."""
        self._fed += len(chunk)
        if self._dropped is not None:
            line_end = chunk.find(b"\n")
            if line_end < 0:
                self._dropped += len(chunk)
                return Records()
            self._dropped, chunk = None, chunk[line_end:]
        return self._cut(self._tail + chunk, is_last=False)

    def finish(self) -> Records:
        """Return what is left at the end of the file, also where its last line end is missing."""
        self._dropped = None
        return self._cut(self._tail + b"\n", is_last=True) if self._tail else Records()

    def _cut(self, data: bytes, *, is_last: bool) -> Records:
        lines: list[bytes] = []
        others: dict[int, bytes] = {}
        cut: set[int] = set()
        position = places = 0
        while True:
            careful_from = self._plain_end(data, position)
            lines.append(data[position:careful_from])
            position = careful_from
            end = self._record_end(data, position, is_last=is_last)
            if end is None:
                break
            places += count_lines(lines[-1])
            record = data[position : min(end, position + self._longest)]
            if record not in _LINE_ENDS:
                others[places] = record
                cut.update({places} if end - position > self._longest else ())
                places += 1
            position = end + 1
        self._keep(data[position:])
        return Records(b"".join(lines), others, frozenset(cut))

    def _keep(self, tail: bytes) -> None:
        if len(tail) > self._longest:
            self._dropped = len(tail) - self._longest - 1
            tail = tail[: self._longest + 1]
        self._tail = tail

    def _plain_end(self, data: bytes, position: int) -> int:
        """Where the first line begins that holds a quote or may be too long, else where the last whole line ends."""
        if len(data) > self._longest:
            return position
        quote = -1 if self._record is None else data.find(b'"', position)
        return max(position, data.rfind(b"\n", position, len(data) if quote < 0 else quote) + 1)

    def _record_end(self, data: bytes, position: int, *, is_last: bool) -> int | None:
        """Where the line feed stands that ends the record, or None where that is not known yet."""
        line_end = data.find(b"\n", position)
        if self._record is None or line_end < 0:
            return line_end if line_end >= 0 else None
        match = self._record.match(data, position)
        if match and match.end() - 1 - position <= self._longest:
            return match.end() - 1
        if match is None and not is_last and len(data) - position <= self._longest:
            return None
        self._unclosed += line_end - position <= self._longest
        if self._unclosed > MAX_UNCLOSED:
            raise NeverClosed
        return line_end


def _record_pattern(delimiter: bytes) -> re.Pattern[bytes]:
    """A record with its line feed. Within quotes a doubled one stands for one in the text."""
    mark = re.escape(delimiter)
    value = rb'(?:"(?:[^"]++|"")*+"|(?!"))[^%s\n]*+' % mark
    return re.compile(rb"%s(?:%s%s)*+\n" % (value, mark, value))


def first_record(text: bytes, delimiter: bytes, *, is_last: bool) -> tuple[bytes, int] | None:
    """The first record of a text, as a RecordSplitter would give it, and where it ends; None where it has not come.

    is_last  whether nothing comes behind the text
    """
    text = text + b"\n" if is_last else text
    start = next(found.end() for found in re.finditer(rb"(?:\r?\n)*+", text))
    match = _record_pattern(delimiter).match(text, start)
    line_end = text.find(b"\n", start)
    if match and match.end() - start <= MAX_RECORD_BYTES:
        end = match.end()
    elif line_end >= 0 and (is_last or len(text) - start > MAX_RECORD_BYTES):
        end = line_end + 1
    else:
        return None
    return text[start : end - 1], min(end, len(text) - is_last)
