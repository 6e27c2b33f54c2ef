"""The rows of a JSON document, one at a time: a file of gigabytes is never parsed whole.

A document is an array of rows, or an object in which the rows stand under a known name, such as
`{"results": {"results": [...]}}`. What stands before the rows is kept, what stands after is not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterator
from typing import Any, TextIO

from shared_router.errors import DataError

ROW_LISTS = frozenset({"results", "records", "request_states", "data", "runs", "observations", "spans"})
"""What exporters call the list of rows."""

_CHUNK = 1 << 20
_AFTER_A_VALUE = tuple(",]}: \t\n\r")
_SPACE = re.compile(r"[ \t\n\r]*")


def document_rows(
    file: TextIO, *, max_row_chars: int, beside: dict[str, Any]
) -> Generator[dict[str, Any], None, None]:
    """Yield the rows of a document.

    Args:
        file: The document.
        max_row_chars: The longest row, or value beside the rows, in characters.
        beside: Is given the values that stand before the rows, by name.

    Yields:
        The rows that are objects; the place of others holds an empty one.

    Raises:
        DataError: If the file is no JSON, or a row is too long.
    """
    scanner = _Scanner(file, max_row_chars)
    first = scanner.peek()
    if first == "[":
        yield from scanner.rows()
    elif first == "{":
        yield from _rows_within(scanner, beside)
    else:
        raise DataError("a JSON file must be an array or an object")


def _rows_within(scanner: _Scanner, beside: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in scanner.names():
        opening = scanner.peek()
        if name in ROW_LISTS and opening == "[":
            yield from scanner.rows()
            return
        if name in ROW_LISTS and opening == "{":
            yield from _rows_within(scanner, beside)
            return
        beside[name] = scanner.value()


class _Scanner:
    """Walks through JSON text that is read piece by piece."""

    def __init__(self, file: TextIO, max_row_chars: int) -> None:
        self.file = file
        self.max_row_chars = max_row_chars
        self.text = ""
        self.place = 0
        self.at_end = False
        self.decoder = json.JSONDecoder()

    def peek(self) -> str:
        """Return the next character that is not white space, or "" at the end."""
        while True:
            found = _SPACE.match(self.text, self.place)
            self.place = found.end() if found else self.place
            if self.place < len(self.text):
                return self.text[self.place]
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        """Step over a character that must be there."""
        if self.peek() != wanted:
            raise DataError(f"a JSON file must be complete, and a {wanted!r} is missing")
        self.place += 1

    def value(self) -> Any:
        """Return the value that begins here."""
        self.peek()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.place)
            except (ValueError, RecursionError):
                value, end = None, -1
            # a number may go on in the next piece: 10 of 10.5, or 10. of it
            if end >= 0 and (self.at_end or self.text[end : end + 1] in _AFTER_A_VALUE):
                self.place = end
                return value
            if len(self.text) - self.place > self.max_row_chars:
                raise DataError(f"a row must be JSON of at most {self.max_row_chars} characters")
            if not self._more():
                raise DataError("a JSON file must be complete, and this one ends in the middle or is damaged")

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield the elements of the array that begins here."""
        self.take("[")
        while self.peek() != "]":
            value = self.value()
            yield value if isinstance(value, dict) else {}
            self.step_to_next("]")
        self.take("]")

    def names(self) -> Iterator[str]:
        """Yield the names in the object that begins here, each with the scanner at its value."""
        self.take("{")
        while self.peek() != "}":
            name = self.value()
            self.take(":")
            yield str(name)
            self.step_to_next("}")
        self.take("}")

    def step_to_next(self, closing: str) -> None:
        """Step over the comma before the next element; at the closing mark stay."""
        if self.peek() == ",":
            self.place += 1
        elif self.peek() != closing:
            raise DataError(f"a JSON file must be complete, and a ',' or {closing!r} is missing")

    def _more(self) -> bool:
        # a row longer than one piece is parsed anew for each, so pieces grow with it
        piece = self.file.read(max(_CHUNK, len(self.text) - self.place))
        self.text = self.text[self.place :] + piece
        self.place = 0
        self.at_end = not piece
        return bool(piece)
