"""Where the elements of a JSON array begin and end, whatever they hold: each is a record."""

import re

from batch_etl.records.boundaries import MAX_RECORD_BYTES, Records

_BLANKS = b" \t\r\n"
# Up to the next sign that opens or closes something, strings skipped; between elements a comma is one too.
_WITHIN = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+[\[\]{}]', re.DOTALL)
_BETWEEN = re.compile(rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+[\[\]{},]', re.DOTALL)


class ArraySplitter:
    """Cuts the inside of a JSON array, from behind its bracket or a comma on, into the text of its elements.

    consumed  bytes up to behind the comma or bracket that ended the last element: where a reader may start again
    fault     why this is no array of records, or None; to be asked when everything was fed
    """

    def __init__(self, max_record_bytes: int = MAX_RECORD_BYTES) -> None:
        self.fault: str | None = "is never closed"
        self.consumed = 0
        self._longest = max_record_bytes
        self._tail = b""
        # Of the tail, what was looked at, and how many brackets are open there.
        self._seen = 0
        self._depth = 0
        self._is_over = False

    def feed(self, chunk: bytes) -> Records:
        """Take more bytes; return the elements that are complete now."""
        data = self._tail + chunk
        elements: list[bytes] = []
        start, position = 0, self._seen
        while not self._is_over:
            match = (_WITHIN if self._depth else _BETWEEN).match(data, position)
            if (match.end() - 1 if match else len(data)) - start > self._longest:
                self._end(f"holds a record that is longer than {self._longest} bytes or never closed")
            elif match is None:
                break
            elif self._ends_element(data[match.end() - 1 : match.end()]):
                element = data[start : match.end() - 1].strip(_BLANKS)
                is_first = self.consumed + start == 0
                start = match.end()
                if data[start - 1 : start] == b"]":
                    self._end(None if element or is_first else "ends with a comma")
                elements += [element] if element or not self._is_over else []
            position = match.end() if match else len(data)
        self._keep(data, start, position)
        return Records(others=dict(enumerate(elements)))

    def finish(self) -> Records:
        """Every element has been handed out when its end came."""
        return Records()

    def _ends_element(self, sign: bytes) -> bool:
        if self._depth == 0 and sign in b",]":
            return True
        # A bracket too many belongs to its element, which is then malformed.
        self._depth = max(0, self._depth + (1 if sign in b"[{" else -1 if sign in b"]}" else 0))
        return False

    def _end(self, fault: str | None) -> None:
        self._is_over, self.fault = True, fault

    def _keep(self, data: bytes, start: int, position: int) -> None:
        self.consumed += start
        self._tail, self._seen = data[start:], position - start
        if self._is_over:
            if self.fault is None and self._tail.strip(_BLANKS):
                self.fault = "is followed by something else"
            self.consumed += len(self._tail)
            self._tail, self._seen = b"", 0
